import type { Instant } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { BoundedMap } from '../../tools/bounded-map.ts'
import { LostConnectionError, type MemjsServer, ServerGuard } from './guard.ts'
import type { MemcachedClient } from './options.ts'
import { type Answer, encodeRequest, isAnswerTo, type Request } from './protocol.ts'

const SECOND_MS = 1_000
/** memjs numbers its own requests below this, and throws when it gets there. */
const FIRST_OPAQUE = 2 ** 31
const OPAQUES = 2 ** 31 - 1
const MAX_SEEN_ITEMS = 2_000

/** What is known of a stored item: enough to replace it in one step. */
interface Seen {
  readonly version: number
  readonly expiresAt: Instant
  readonly generation: string
  /** memcached's own number of this very item. */
  readonly cas: bigint
}

/**
 * Remembers the unique of items that this process has just read or written, so that the usual write after a read is one
 * round trip. Nothing depends on it: a server refuses a unique that is out of date. Bounded; the oldest entry goes first.
 * Cleared when a server restarts: it counts from 1 again, and its numbers of before mean nothing.
 */
export class SeenItems extends BoundedMap<string, Seen> {
  constructor () {
    super(MAX_SEEN_ITEMS)
  }
}

const links = new WeakMap<MemjsServer, ServerLink>()

/** One server of a memjs client, as all backends on that client use it. */
export class ServerLink {
  readonly seen = new SeenItems()
  /** The generation of each place of keys, as this process saw it last. */
  readonly generations = new Map<string, string>()
  readonly #server: MemjsServer
  readonly #guard: ServerGuard
  #users = 0
  #sent = 0

  private constructor (server: MemjsServer) {
    this.#server = server
    this.#guard = new ServerGuard(server, () => { this.seen.clear() })
  }

  /** The link of this server, made at its first use; each `acquire` needs one `release`. */
  static acquire (server: MemjsServer): ServerLink {
    const link = links.get(server) ?? new ServerLink(server)
    links.set(server, link)
    link.#users++
    return link
  }

  /** The last one leaves the server as it was found. */
  release (): void {
    if (--this.#users > 0) return
    this.#guard.release()
    links.delete(this.#server)
  }

  /**
   * Sends requests together; the server carries them out in this order, in one round trip. Not sent again when the
   * connection fails: what a write has done must be looked up.
   */
  async send<Requests extends readonly Request[]> (...requests: Requests): Promise<{ [Index in keyof Requests]: Answer }> {
    const socket = this.#server.connected ? this.#server._socket : undefined
    socket?.cork()
    const answers = requests.map(request => this.#send(request))
    socket?.uncork()
    return await Promise.all(answers) as { [Index in keyof Requests]: Answer }
  }

  /** Like `send`, for requests that change nothing: once more on a clean connection when the one they went out on fails. */
  async ask<Requests extends readonly Request[]> (...requests: Requests): Promise<{ [Index in keyof Requests]: Answer }> {
    try {
      return await this.send(...requests)
    } catch (error) {
      if (!(error instanceof LostConnectionError)) throw error
      return await this.send(...requests)
    }
  }

  /** Ends a connection whose answers make no sense; whatever is pending on it fails. */
  drop (problem: string): void {
    this.#server.error(new LostConnectionError(problem))
  }

  async #send (request: Request): Promise<Answer> {
    const opaque = this.#nextOpaque()
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => { setImmediate(giveUp) }, this.#timeoutMs())
      let isPending = true
      // What has arrived by now is read first: it may be this process that was slow.
      const giveUp = (): void => {
        if (isPending) this.#server.error(new Error('the server did not answer in time'))
      }
      const settle = (): void => {
        isPending = false
        clearTimeout(timer)
      }
      this.#server.onResponse(opaque, answer => {
        settle()
        if (isAnswerTo(request, answer)) return resolve(answer)
        reject(new LostConnectionError('an answer belongs to another request'))
        this.drop('the answers are out of step with the requests')
      })
      this.#server.onError(opaque, error => {
        settle()
        reject(error instanceof Error ? error : new Error(String(error)))
      })
      this.#server.write(encodeRequest(request, opaque))
    })
  }

  // memjs bounds only the silence of a connection: to a server that hangs, each new request starts its wait anew.
  #timeoutMs (): number {
    const { connected, options: { timeout, conntimeout } } = this.#server
    return SECOND_MS * (connected ? timeout : timeout + conntimeout)
  }

  #nextOpaque (): number {
    this.#sent = (this.#sent + 1) % OPAQUES
    return FIRST_OPAQUE + this.#sent
  }
}

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
