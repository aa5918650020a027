import { BoundedMap } from './bounded-map.ts'

const MAX_ENTRIES = 500
/** Longer texts are rare, and not worth the memory. */
const MAX_CHARS = 16_384
/** How many texts that came once are known to have come. */
const SEEN_ONCE = 2_048

/**
 * Remembers what was made of texts, since the same ones come again and again. A key finds the text, which is then compared
 * whole: equal texts only. Bounded; the oldest entry goes first.
 *
 * A text is kept when it comes for the second time: most that are written or read once never come again, and what stays
 * for a while and then goes is what garbage collection is slowest with.
 */
export class TextCache<Key, T> {
  readonly #entries = new BoundedMap<Key, { readonly text: string, readonly value: T }>(MAX_ENTRIES)
  /** Marks of texts that came once, each in the place that its mark gives it. */
  readonly #seen = new Float64Array(SEEN_ONCE)

  get (key: Key, text: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.text === text ? entry.value : undefined
  }

  /** @param mark an integer above 0 that is hardly ever the same for two texts */
  set (key: Key, text: string, mark: number, value: T): void {
    const place = mark % SEEN_ONCE
    if (this.#seen[place] !== mark) {
      this.#seen[place] = mark
      return
    }
    if (text.length > MAX_CHARS) return
    this.#entries.set(key, { text, value })
  }
}
