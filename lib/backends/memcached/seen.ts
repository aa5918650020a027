import type { Instant } from '../../../types/index.d.ts'
import { BoundedMap } from '../../tools/bounded-map.ts'

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
 * Cleared when a server restarts: it counts from 1 again, and its numbers of before mean nothing.
 */
export class SeenItems extends BoundedMap<string, Seen> {
  constructor () {
    super(MAX_ENTRIES)
  }
}
