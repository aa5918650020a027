import type { Instant } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { BoundedMap } from '../../tools/bounded-map.ts'
import { LostConnectionError, type MemjsServer, ServerGuard } from './guard.ts'
import type { MemcachedClient } from './options.ts'
import { type Answer, encodeRequest, isAnswerTo, type Request } from './protocol.ts'

const SECOND_MS = 1_000
/** memjs numbers its own requests below 2^31, and throws when it reaches 2^31: our numbers never meet its numbers. */
const FIRST_OPAQUE = 2 ** 31
const OPAQUES = 2 ** 31 - 1
const MAX_SEEN_ITEMS = 2_000

/** The part of a stored item which a replacement in a single round trip needs. */
interface Seen {
  readonly version: number
  readonly expiresAt: Instant
  readonly generation: string
  /** The CAS unique: memcached's number of this state of the item. */
  readonly cas: bigint
}

/**
 * Remembers the CAS uniques of items which this process has read or written, so that the usual write after a read takes
 * one round trip. No promise rests on this memory: the server refuses an outdated unique. Bounded; the oldest entry goes
 * first. Cleared when the connection ends: a restarted server counts from 1 again, and an old unique could name a new item.
 */
export class SeenItems extends BoundedMap<string, Seen> {
  constructor () {
    super(MAX_SEEN_ITEMS)
  }
}

const links = new WeakMap<MemjsServer, ServerLink>()

/** The link to a server of a memjs client. All backends on this client share the link. */
export class ServerLink {
  readonly seen = new SeenItems()
  /** The generation which this process saw last, by the key of the generation. */
  readonly generations = new Map<string, string>()
  readonly #server: MemjsServer
  readonly #guard: ServerGuard
  #users = 0
  #sent = 0

  private constructor (server: MemjsServer) {
    this.#server = server
    this.#guard = new ServerGuard(server, () => { this.seen.clear() })
  }

  /** The link to this server, made at the first call. Each call of `acquire` needs a call of `release`. */
  static acquire (server: MemjsServer): ServerLink {
    const link = links.get(server) ?? new ServerLink(server)
    links.set(server, link)
    link.#users++
    return link
  }

  /** The release by the last user gives the server back unchanged. */
  release (): void {
    if (--this.#users > 0) return
    this.#guard.release()
    links.delete(this.#server)
  }

  /**
   * Sends requests together, in one round trip. The server carries the requests out in order. A failed connection rejects
   * without a second attempt: the outcome of a write must be looked up first.
   *
   * @throws LostConnectionError when the connection ended before the answers came; else an error of memjs, or of the time limit
   */
  async send<Requests extends readonly Request[]> (...requests: Requests): Promise<{ [Index in keyof Requests]: Answer }> {
    const socket = this.#server.connected ? this.#server._socket : undefined
    socket?.cork()
    const answers = requests.map(request => this.#send(request))
    socket?.uncork()
    return await Promise.all(answers) as { [Index in keyof Requests]: Answer }
  }

  /** Like `send`, for requests which change nothing: after a lost connection, they are sent again on a new connection. */
  async ask<Requests extends readonly Request[]> (...requests: Requests): Promise<{ [Index in keyof Requests]: Answer }> {
    try {
      return await this.send(...requests)
    } catch (error) {
      if (!(error instanceof LostConnectionError)) throw error
      return await this.send(...requests)
    }
  }

  /** Ends a connection whose answers make no sense. All pending requests fail with `LostConnectionError`. */
  drop (problem: string): void {
    this.#server.error(new LostConnectionError(problem))
  }

  async #send (request: Request): Promise<Answer> {
    const opaque = this.#nextOpaque()
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => { setImmediate(giveUp) }, this.#timeoutMs())
      let isPending = true
      // After the timer, arrived answers are read first: this process may have been slow, and not the server.
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

  // A time limit for each request. memjs limits the silence of a connection only, and each new request restarts this limit.
  #timeoutMs (): number {
    const { connected, options: { timeout, conntimeout } } = this.#server
    return SECOND_MS * (connected ? timeout : timeout + conntimeout)
  }

  #nextOpaque (): number {
    this.#sent = (this.#sent + 1) % OPAQUES
    return FIRST_OPAQUE + this.#sent
  }
}

/** The links of a backend to the servers of its client. A link is made at its first use. */
export class Links {
  readonly #client: MemcachedClient
  readonly #links = new Map<MemjsServer, ServerLink>()

  constructor (client: MemcachedClient) {
    this.#client = client
  }

  /**
   * The link to the server of this key.
   *
   * @throws BackendUnavailableError when the client has no server for the key
   */
  of (key: string): ServerLink {
    const server = this.#client.server(key)
    if (!server) throw new BackendUnavailableError('The client of memjs has no server for the session')
    return this.#link(server as MemjsServer)
  }

  /** The name of the server of this key; `null` where there is one server, or none for the key. */
  nameOf (key: string): string | null {
    if (this.#client.servers.length === 1) return null
    const server = this.#client.server(key) as MemjsServer | null | undefined
    return server ? `${server.host}:${server.port}` : null
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
