const MAX_ENTRIES = 500
const KEY_CHARS = 40

/**
 * Remembers what texts opened to, since a browser sends the same cookie again and again: a look-up costs a tenth of
 * opening. Keyed by the start of the text and then compared whole: equal texts only. The start holds the nonce, or most
 * of the signature: whoever could learn something from the time of the comparison has guessed 190 bits before.
 * Bounded; the oldest entry goes first.
 */
export class TextCache<T> {
  readonly #entries = new Map<string, { readonly text: string, readonly value: T }>()

  get (text: string): T | undefined {
    const entry = this.#entries.get(text.slice(0, KEY_CHARS))
    return entry !== undefined && entry.text === text ? entry.value : undefined
  }

  set (text: string, value: T): void {
    if (this.#entries.size >= MAX_ENTRIES) {
      const oldest = this.#entries.keys().next().value!
      this.#entries.delete(oldest)
    }
    this.#entries.set(text.slice(0, KEY_CHARS), { text, value })
  }
}
