import { BoundedMap } from './bounded-map.ts'

const MAX_ENTRIES = 500
/** A longer text is rare, and would take much of the memory of all. */
const MAX_CHARS = 16_384
/** Places for the hashes of keys that were set once; a power of two, since the place is the last bits of the hash. */
const SEEN_ONCE = 2_048
const HASHED_CHARS = 6
/** Odd, so that the place depends on every hashed character, and above any ASCII code, so that ASCII keys do not collide. */
const HASH_FACTOR = 131

/**
 * Saves opening or parsing a text again that has been opened or parsed before: the same cookies and records come again
 * and again. A key finds an entry, whose whole text is then compared, so that a result only ever goes to its own text.
 * 500 entries at most, of 16,384 characters at most; the oldest entry goes first.
 *
 * A result is kept when its key is set for the second time. Most texts are written or read once and never come again, and
 * garbage collection is slowest with objects that stay for a while before they go.
 *
 * @example
 * cache.get(key, text) ?? compute(text) // and then cache.set(key, text, result)
 */
export class TextCache<Key extends number | string, T> {
  readonly #entries = new BoundedMap<Key, { readonly text: string, readonly value: T }>(MAX_ENTRIES)
  /** Hashes of keys that were set once, each in the place that the hash itself gives. NaN, an empty place, equals no hash. */
  readonly #seen = new Float64Array(SEEN_ONCE).fill(NaN)

  get (key: Key, text: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.text === text ? entry.value : undefined
  }

  /** Keeps `value` as the result of `text`, if `key` has been set before. */
  set (key: Key, text: string, value: T): void {
    const hash = typeof key === 'number' ? key : hashOf(key)
    const place = hash & (SEEN_ONCE - 1)
    if (this.#seen[place] !== hash) {
      this.#seen[place] = hash
      return
    }
    if (text.length > MAX_CHARS) return
    this.#entries.set(key, { text, value })
  }
}

/** A number from the end of a key. Two keys of one hash cost nothing but an entry that is kept at its first coming. */
function hashOf (key: string): number {
  let hash = 1
  for (let at = Math.max(0, key.length - HASHED_CHARS); at < key.length; at++) hash = hash * HASH_FACTOR + key.charCodeAt(at)
  return hash
}
