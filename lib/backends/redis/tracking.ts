import { Pulse } from '../watching/pulse.ts'
import type { RedisClient } from './client.ts'

/** The part of an ioredis connection that is used here. */
export interface Connection {
  readonly status: string
  readonly stream?: Partial<{ readonly remoteAddress: string, readonly remotePort: number, destroy (): void }>
  on (event: string, listener: (...args: any[]) => void): unknown
  call (command: string, ...args: string[]): Promise<unknown>
  subscribe (channel: string): Promise<unknown>
  connect (): Promise<unknown>
  disconnect (): void
}

/** A client that can make further connections. A cluster has one for each master, and a topology that changes. */
export interface TrackableClient extends RedisClient, Pick<Connection, 'status' | 'stream'> {
  duplicate (options: Record<string, unknown>): Connection
}

/** What a tracking connection tells. */
export interface Reports {
  /** The names of keys that were changed or are gone, each with the client's `keyPrefix`. */
  keys (keys: readonly Buffer[]): void
  /** Anything may have changed. */
  reset (): void
  /** The server does not let this user track. */
  refused (error: Error): void
}

/** As drivers call the errors that a server has answered with. */
const REFUSAL = 'ReplyError'
const CHANNEL = '__redis__:invalidate'
const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 1_000
/** A right that is missing may be given while the application runs. */
const REFUSED_PAUSE_MS = 30_000

/**
 * Messages reach a connection of their own only in RESP2: ioredis drops them in RESP3. After a reconnect nothing of the old connection
 * may go on by itself, neither its commands nor its subscription: the order counts.
 */
const OPTIONS = Object.freeze({
  protocol: 2,
  replyMapping: undefined,
  himportFieldsets: undefined,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  enableAutoPipelining: false,
  lazyConnect: false,
  keyPrefix: '',
  retryStrategy: (tries: number) => Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS)
})

/** A connection on which the server tells which keys have changed (CLIENT TRACKING, broadcasting), until it is closed. */
export class Tracking {
  readonly #client: TrackableClient
  readonly #reports: Reports
  readonly #connection: Connection
  readonly #pulse: Pulse
  #prefixes: readonly string[]
  #isTracking = false
  /** Tells the present connection from those before. */
  #epoch = 0

  constructor (client: TrackableClient, prefixes: readonly string[], reports: Reports) {
    this.#client = client
    this.#prefixes = prefixes
    this.#reports = reports
    this.#pulse = new Pulse({ ask: () => { this.#ping() }, restart: () => { this.#restart() } })
    const connection = client.duplicate(OPTIONS)
    connection.on('error', () => {})
    connection.on('connect', () => { this.#pulse.wait() })
    connection.on('ready', () => { this.#track() })
    connection.on('close', () => { this.#lose() })
    connection.on('end', () => { this.#pulse.wait() })
    connection.on('messageBuffer', (_channel: Buffer, keys: Buffer[] | null) => {
      if (keys === null) reports.reset()
      else reports.keys(keys)
    })
    this.#connection = connection
  }

  /** Tracks keys with these prefixes too, from a new connection on. */
  cover (prefixes: readonly string[]): void {
    if (prefixes.every(prefix => this.#prefixes.some(known => prefix.startsWith(known)))) return
    this.#prefixes = prefixes
    this.#lose()
    if (this.#connection.status === 'ready') this.#connection.stream?.destroy?.()
  }

  isLive (leaseMs: number): boolean {
    // Where a client without a connection goes is not known yet.
    const isReady = this.#client.status === 'ready'
    const isElsewhere = isReady && this.#isTracking && addressOf(this.#client) !== addressOf(this.#connection)
    // A client that has moved, as after a failover, leaves a connection behind that hears nothing of the new server.
    if (isElsewhere) this.#pulse.wait()
    return this.#pulse.isWithin(leaseMs, this.#isTracking && !isElsewhere) && isReady
  }

  close (): void {
    this.#lose()
    this.#connection.disconnect()
    // A server that is silent would keep the socket open.
    this.#connection.stream?.destroy?.()
  }

  /** The id comes before the subscription, after which the server takes few commands. */
  async #track (): Promise<void> {
    const epoch = ++this.#epoch
    const prefixes = withoutLonger(this.#prefixes)
    try {
      const id = await this.#connection.call('client', 'id')
      const options = prefixes.flatMap(prefix => ['PREFIX', prefix])
      await this.#connection.call('client', 'tracking', 'on', 'REDIRECT', String(id), 'BCAST', ...options)
      await this.#connection.subscribe(CHANNEL)
    } catch (error) {
      // Only the server refuses. A connection that was cut meanwhile says so by an error before it says that it is closed.
      if (epoch === this.#epoch && (error as Error).name === REFUSAL) this.#noteRefusal(error as Error)
      return
    }
    if (epoch !== this.#epoch) return
    // What was read before is not kept up to date by what comes now.
    this.#reports.reset()
    this.#isTracking = true
    this.#pulse.answered()
  }

  #noteRefusal (error: Error): void {
    this.#pulse.pause(REFUSED_PAUSE_MS)
    this.#reports.refused(error)
  }

  #ping (): void {
    const epoch = this.#epoch
    this.#connection.call('ping').then(() => {
      if (epoch === this.#epoch) this.#pulse.answered()
    }, () => {})
  }

  #lose (): void {
    this.#epoch++
    this.#isTracking = false
    this.#pulse.stop()
  }

  #restart (): void {
    this.#lose()
    if (this.#connection.status === 'end') this.#connection.connect().catch(() => {})
    else this.#connection.stream?.destroy?.()
  }
}

function addressOf ({ stream }: Pick<Connection, 'stream'>): string { return `${stream?.remoteAddress}:${stream?.remotePort}` }

/** Prefixes that begin with another of them are an error of the command, and are in the other. */
function withoutLonger (prefixes: readonly string[]): string[] {
  const all = [...new Set(prefixes)]
  return all.filter(prefix => !all.some(other => other !== prefix && prefix.startsWith(other)))
}
