import { hasMethods } from '../../tools/check-options.ts'
import type { PoolLike } from './pool.ts'

/** The part of a client of `pg` that is used here. */
interface Client {
  readonly connection?: { readonly stream?: Partial<{ destroy (): void, unref (): void }> }
  on (event: string, listener: (...args: any[]) => void): unknown
  connect (): Promise<unknown>
  query (text: string): Promise<unknown>
  end (): Promise<unknown>
}

/** A pool of `pg`, which knows how its clients are made. */
export interface ListeningPool extends PoolLike {
  readonly Client: new (options: object) => Client
  readonly options: object
}

/** What a connection tells, and asks. */
export interface Listening {
  /** The channels to listen to from the beginning. */
  channels (): string[]
  /** A connection is being made. */
  began (): void
  /** The server listens to a channel for this connection from now on. */
  listening (channel: string): void
  up (): void
  heard (channel: string, text: string): void
  lost (): void
}

const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

/** Whether a pool can make a client beside those that it lends. A borrowed one would be missing, and of a pool of one the last. */
export function canListen (pool: PoolLike): pool is ListeningPool {
  const { Client, options } = pool as Partial<ListeningPool>
  return typeof Client === 'function' && hasMethods(Client.prototype, ['connect', 'query', 'end']) && typeof options === 'object'
}

/** A connection that listens, and is made anew when it is lost, until it is closed. The pauses between the tries keep no process alive. */
export class ListenConnection {
  readonly #pool: ListeningPool
  readonly #events: Listening
  readonly #listening = new Set<string>()
  #client: Client | null = null
  #isUp = false
  #pauseMs = FIRST_PAUSE_MS
  #timer: NodeJS.Timeout | undefined

  constructor (pool: ListeningPool, events: Listening) {
    this.#pool = pool
    this.#events = events
    this.#connect()
  }

  hears (channel: string): boolean { return this.#listening.has(channel) }

  /** Listens to a channel, too. */
  listen (channel: string): void {
    const client = this.#client
    if (client === null || !this.#isUp || this.#listening.has(channel)) return
    this.#startListening(client, channel).catch(() => { if (client === this.#client) this.restart() })
  }

  unlisten (channel: string): void {
    this.#listening.delete(channel)
    if (this.#isUp) this.#client!.query(`unlisten "${channel}"`).catch(() => {})
  }

  restart (): void {
    const client = this.#drop()
    client?.connection?.stream?.destroy?.()
    this.#events.lost()
    this.#timer = setTimeout(() => { this.#connect() }, this.#pauseMs).unref()
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS)
  }

  close (): void {
    const client = this.#drop()
    client?.end().catch(() => {})
    // A server that is silent would keep the process alive.
    client?.connection?.stream?.unref?.()
  }

  /** Forgets the client: what comes from it does not count any more. */
  #drop (): Client | null {
    const client = this.#client
    this.#client = null
    this.#isUp = false
    this.#listening.clear()
    clearTimeout(this.#timer)
    return client
  }

  async #connect (): Promise<void> {
    const client = new this.#pool.Client(this.#pool.options)
    this.#client = client
    const lose = (): void => { if (client === this.#client) this.restart() }
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ channel, payload }: { channel: string, payload?: string }) => {
      if (client === this.#client) this.#events.heard(channel, payload ?? '')
    })
    this.#events.began()
    try {
      await client.connect()
      for (const channel of this.#events.channels()) await this.#startListening(client, channel)
    } catch {
      return lose()
    }
    this.#isUp = true
    this.#pauseMs = FIRST_PAUSE_MS
    for (const channel of this.#events.channels()) this.listen(channel)
    this.#events.up()
  }

  async #startListening (client: Client, channel: string): Promise<void> {
    await client.query(`listen "${channel}"`)
    if (client !== this.#client) throw new Error('this connection was given up meanwhile')
    this.#events.listening(channel)
    this.#listening.add(channel)
  }
}
