const MAX_ENTRIES = 500
/** Longer texts are rare, and not worth the memory. */
const MAX_CHARS = 16_384

/**
 * Remembers what was made of texts, since the same ones come again and again. A key finds the text, which is then compared
 * whole: equal texts only. Bounded; the oldest entry goes first.
 */
export class TextCache<T> {
  readonly #entries = new Map<string, { readonly text: string, readonly value: T }>()

  get (key: string, text: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.text === text ? entry.value : undefined
  }

  set (key: string, text: string, value: T): void {
    if (text.length > MAX_CHARS) return
    if (this.#entries.size >= MAX_ENTRIES) {
      const oldest = this.#entries.keys().next().value!
      this.#entries.delete(oldest)
    }
    this.#entries.set(key, { text, value })
  }
}
