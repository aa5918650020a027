import type { SessionWatch, WatchOptions } from '../../../types/index.d.ts'
import { randomText } from '../../crypto/random.ts'
import { isId } from '../../record/ids.ts'
import { Audience } from '../watching/audience.ts'
import { DEFAULT_LEASE_MS, Pulse } from '../watching/pulse.ts'
import { ListenConnection, type ListeningPool } from './listen-connection.ts'
import type { PoolLike } from './pool.ts'

const NONCE_BYTES = 16

const listeners = new WeakMap<PoolLike, PoolListener>()

/** What all registrations on a pool hear, over one connection. */
export function listenerOf (pool: ListeningPool): PoolListener {
  const listener = listeners.get(pool) ?? new PoolListener(pool)
  listeners.set(pool, listener)
  return listener
}

/**
 * Hears what PostgreSQL tells on channels, over a connection that is there while somebody listens. That it does hear is proven by a notice
 * of its own, sent through the pool: behind a pooler of transactions, LISTEN is accepted and nothing ever comes.
 */
export class PoolListener {
  readonly #pool: ListeningPool
  readonly #audience = new Audience()
  readonly #pulse: Pulse
  /** For the notices of this process to itself. */
  readonly #ownChannel = `fastsessions_${randomText(NONCE_BYTES)}`
  #asked = 0
  #connection: ListenConnection | null = null

  constructor (pool: ListeningPool) {
    this.#pool = pool
    this.#pulse = new Pulse({ ask: () => { this.#ask() }, restart: () => { this.#connection?.restart() } })
  }

  /** Whether somebody in this process listens to a channel. */
  has (channel: string): boolean { return this.#audience.has(channel) }

  watch (channel: string, listener: (id: string | null) => void, { lease = DEFAULT_LEASE_MS }: WatchOptions = {}): SessionWatch {
    const stop = this.#audience.add(channel, listener)
    const connection = this.#reach()
    connection.listen(channel)
    const pulse = this.#pulse
    let isOpen = true
    return {
      reportsOnlyEndings: true,
      get isLive () { return isOpen && pulse.isWithin(lease, connection.hears(channel)) },
      close: () => {
        isOpen = false
        stop()
        this.#leave(channel)
      }
    }
  }

  #reach (): ListenConnection {
    this.#connection ??= new ListenConnection(this.#pool, {
      channels: () => [this.#ownChannel, ...this.#audience.spaces],
      began: () => { this.#pulse.wait() },
      heard: (channel, text) => { this.#hear(channel, text) },
      // What was read before is not kept up to date by what comes now.
      listening: channel => { this.#audience.tell(channel, null) },
      up: () => {
        this.#pulse.stop()
        this.#pulse.wait()
        this.#ask()
      },
      lost: () => { this.#pulse.stop() }
    })
    return this.#connection
  }

  #leave (channel: string): void {
    if (!this.#audience.has(channel)) this.#connection?.unlisten(channel)
    if (!this.#audience.isEmpty) return
    this.#connection?.close()
    this.#connection = null
    this.#pulse.stop()
  }

  #hear (channel: string, text: string): void {
    if (channel !== this.#ownChannel) this.#audience.tell(channel, isId(text) ? text : null)
    else if (text === `${this.#asked}`) this.#pulse.answered()
  }

  #ask (): void {
    const values = [this.#ownChannel, `${++this.#asked}`]
    this.#pool.query({ name: 'fastsessions_probe', text: 'select pg_notify($1, $2)', values }).catch(() => {})
  }
}
