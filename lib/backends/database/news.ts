import { hash } from 'node:crypto'
import type { SessionWatch, WatchOptions } from '../../../types/index.d.ts'
import { canListen } from './listen-connection.ts'
import { listenerOf, type PoolListener } from './listener.ts'
import type { PoolLike } from './pool.ts'

/** Hex digits of the hash in a channel's name. PostgreSQL takes names of up to 63 bytes. */
const NAME_CHARS = 32
const TELL_CHANGES = 'select pg_notify($1, id) from unnest($2::text[]) as id'

/**
 * What the processes on a table tell each other of the sessions of a registration. Endings always, in the statement that ends. Changes
 * only where this process watches, and afterwards: commits with a notice wait for each other, and for the disk one by one.
 */
export class News {
  /** The channel on which endings are told. */
  readonly channel: string
  readonly #pool: PoolLike
  readonly #listener: PoolListener | null
  readonly #changed = new Set<string>()
  #isTelling = false

  /** @param table its name without the schema: notices of another schema's sessions name ids that are not here */
  constructor (pool: PoolLike, table: string, property: string) {
    this.channel = `fastsessions_${hash('sha256', JSON.stringify([table, property]), 'hex').slice(0, NAME_CHARS)}`
    this.#pool = pool
    this.#listener = canListen(pool) ? listenerOf(pool) : null
  }

  get canListen (): boolean { return this.#listener !== null }

  watch (listener: (id: string | null) => void, options: WatchOptions | undefined): SessionWatch {
    return this.#listener!.watch(this.channel, listener, options)
  }

  /** Tells that a session was changed, where this process watches. Nobody waits for it, and what is lost is seen by its age. */
  tellChange (id: string): void {
    if (this.#listener?.has(this.channel) !== true) return
    this.#changed.add(id)
    if (!this.#isTelling) this.#tellChanges()
  }

  /** What changes while a statement is under way goes together with the next. */
  async #tellChanges (): Promise<void> {
    this.#isTelling = true
    while (this.#changed.size > 0) {
      const ids = [...this.#changed]
      this.#changed.clear()
      await this.#pool.query({ name: 'fastsessions_changes', text: TELL_CHANGES, values: [this.channel, ids] }).catch(() => {})
    }
    this.#isTelling = false
  }
}
