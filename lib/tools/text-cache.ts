import { BoundedMap } from './bounded-map.ts'

const MAX_ENTRIES = 500
/** Longer texts are rare, and not worth the memory. */
const MAX_CHARS = 16_384
/**
 * Places for the hashes of keys that were set once; a power of two, since the place is the last bits of the hash. Twice the
 * entries: with more places, a thousand browsers in turn would each be kept and dropped again before they come back.
 */
const SEEN_ONCE = 1_024
const HASHED_CHARS = 6
/** Odd, so that the place depends on every hashed character, and above any ASCII code, so that ASCII keys do not collide. */
const HASH_FACTOR = 131

/**
 * Keeps results by the texts from which they were made, since browsers send the same cookie again and again, and stores
 * answer with the same record. A key finds an entry; then the whole text is compared, so that a text never gets the result of
 * a similar text (docs/security.md C125). 500 entries of 16,384 characters at most; the oldest entry goes first.
 *
 * A result is kept only when its key is set for the second time. Most texts come once and never again, and garbage
 * collection is slowest with objects that stay for a while before they go.
 */
export class TextCache<Key extends number | string, T> {
  readonly #entries = new BoundedMap<Key, { readonly text: string, readonly value: T }>(MAX_ENTRIES)
  /** Hashes of keys that were set once, each at the place given by the hash. An empty place is NaN, which equals no hash. */
  readonly #seen = new Float64Array(SEEN_ONCE).fill(NaN)

  /** The result of `text`, if kept. */
  get (key: Key, text: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.text === text ? entry.value : undefined
  }

  /** Keeps `value` as the result of `text`, if `key` was set before. */
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

/** A number from the end of a key. Two keys with the same hash do no harm: a result is kept at the first time already. */
function hashOf (key: string): number {
  let hash = 1
  for (let at = Math.max(0, key.length - HASHED_CHARS); at < key.length; at++) hash = hash * HASH_FACTOR + key.charCodeAt(at)
  return hash
}
