import type { Instant } from '../../../types/index.d.ts'

/** What is known of a stored item: enough to replace it in one step. */
export interface Seen {
  readonly version: number
  readonly expiresAt: Instant
  readonly generation: string
  /** memcached's own number of this very item. */
  readonly cas: bigint
}

const MAX_ENTRIES = 2_000

/**
 * Remembers the unique of items that this process has just read or written, so that the usual write after a read is one
 * round trip. Nothing depends on it: a server refuses a unique that is out of date. Bounded; the oldest entry goes first.
 */
export class SeenItems {
  readonly #items = new Map<string, Seen>()

  get (key: string): Seen | undefined { return this.#items.get(key) }

  set (key: string, seen: Seen): void {
    this.#items.delete(key)
    if (this.#items.size >= MAX_ENTRIES) this.#items.delete(this.#items.keys().next().value!)
    this.#items.set(key, seen)
  }

  delete (key: string): void { this.#items.delete(key) }

  // After a restart a server counts from 1 again: its numbers of before mean nothing.
  clear (): void { this.#items.clear() }
}
