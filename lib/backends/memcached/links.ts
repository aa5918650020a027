import { BackendUnavailableError } from '../../errors.ts'
import type { MemjsServer } from './guard.ts'
import { ServerLink } from './link.ts'
import type { MemcachedClient } from './options.ts'

/** The links that one backend uses to the servers of its client, made when they are needed. */
export class Links {
  readonly #client: MemcachedClient
  readonly #links = new Map<MemjsServer, ServerLink>()

  constructor (client: MemcachedClient) {
    this.#client = client
  }

  /** Of the server that the client keeps this key on. */
  of (key: string): ServerLink {
    const server = this.#client.server(key)
    if (!server) throw new BackendUnavailableError('The client of memjs has no server for the session')
    return this.#link(server as MemjsServer)
  }

  all (): ServerLink[] {
    return this.#client.servers.map(server => this.#link(server as MemjsServer))
  }

  release (): void {
    for (const link of this.#links.values()) link.release()
    this.#links.clear()
  }

  #link (server: MemjsServer): ServerLink {
    const link = this.#links.get(server) ?? ServerLink.acquire(server)
    this.#links.set(server, link)
    return link
  }
}
