import { BoundedMap } from './bounded-map.ts'
import { hashOfText } from './hash-of-text.ts'

/** What the results of a cache may take: some 10,000 cookies with a payload of 200 characters. */
export const DEFAULT_CACHE_BYTES = 16_000_000
/** Longer texts are rare, and not worth the memory. */
const MAX_CHARS = 16_384
/** What an entry takes beside its text, in bytes: keys, links, and the objects of a small record. */
const ENTRY_BYTES = 400
/** The text itself takes a byte a character; what was made of the text takes one or two more. */
const BYTES_PER_CHAR = 2.5
/**
 * Places for the hashes of keys that were set once; a power of two, since the place is the last bits of the hash. About as many
 * as a cache of the default size has entries: of browsers that come in turn, those are kept that find room.
 */
const SEEN_ONCE = 32_768

/** What is kept for a key. The same object takes the next text of the key: a new one would make garbage that is old at once. */
export class Kept<T> {
  readonly key: string
  text: string
  value: T

  constructor (key: string, text: string, value: T) {
    this.key = key
    this.text = text
    this.value = value
  }
}

/**
 * Keeps results by the texts from which they were made, since browsers send the same cookie again and again, and stores
 * answer with the same record. A key finds an entry; then the whole text is compared, so that a text never gets the result of
 * a similar text (docs/security.md C125). Bounded by an estimate of the bytes; the entry that was set longest ago goes first.
 *
 * A result is kept only when its key is set for the second time. Most texts come once and never again, and garbage
 * collection is slowest with objects that stay for a while before they go.
 */
export class TextCache<T> {
  readonly #maxBytes: number
  readonly #onDrop: (text: string) => void
  readonly #entries = new BoundedMap<string, Kept<T>>(Infinity)
  #bytes = 0
  /** Hashes of keys that were set once, each at the place given by the hash; 0 is an empty place. Made for the first text. */
  #seen: Int32Array | undefined

  /**
   * @param maxBytes what the entries may take, by an estimate; 0 keeps nothing
   * @param onDrop called for each text that is kept no more
   */
  constructor (maxBytes = DEFAULT_CACHE_BYTES, onDrop: (text: string) => void = () => {}) {
    this.#maxBytes = maxBytes
    this.#onDrop = onDrop
  }

  /** What the entries take, by an estimate. */
  get bytes (): number { return this.#bytes }

  /** The result of `text`, if kept. */
  get (key: string, text: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.text === text ? entry.value : undefined
  }

  /**
   * Keeps `value` as the result of `text`, if `key` was set before. What was kept for the key goes.
   *
   * @returns `null` where `value` is not kept
   */
  set (key: string, text: string, value: T): Kept<T> | null {
    const before = this.#entries.get(key)
    const bytes = bytesOf(text)
    const isKept = this.#wasSet(key) && text.length <= MAX_CHARS && bytes <= this.#maxBytes
    if (before !== undefined) this.#leave(before)
    if (!isKept) {
      this.#entries.delete(key)
      return null
    }
    const kept = before ?? new Kept(key, text, value)
    kept.text = text
    kept.value = value
    this.#entries.set(key, kept)
    this.#bytes += bytes
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#entries.oldest!
      this.#entries.delete(oldest.key)
      this.#leave(oldest)
    }
    return kept
  }

  #leave ({ text }: Kept<T>): void {
    this.#bytes -= bytesOf(text)
    this.#onDrop(text)
  }

  /** Whether a key was set before, as far as its place tells. */
  #wasSet (key: string): boolean {
    this.#seen ??= new Int32Array(SEEN_ONCE)
    // Two keys with the same hash do no harm: a result is kept at the first time already.
    const hash = hashOfText(key)
    const place = hash & (SEEN_ONCE - 1)
    if (this.#seen[place] === hash) return true
    this.#seen[place] = hash
    return false
  }
}

function bytesOf (text: string): number { return ENTRY_BYTES + BYTES_PER_CHAR * text.length }
