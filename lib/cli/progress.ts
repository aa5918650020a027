import type { Output, Terminal } from './terminal.ts'

const EVERY_MS = 200
const CLEAR_LINE = '\r\u001b[K'

/** How far long work is, in one line that changes, and only on a terminal. */
export class Progress {
  readonly #output: Output
  readonly #begin = performance.now()
  #shownAt = -Infinity
  #hasShown = false

  constructor ({ stderr }: Terminal) {
    this.#output = stderr
  }

  /** @param done how many have been done, for the number a second */
  show (text: string, done: number): void {
    const now = performance.now()
    if (this.#output.isTTY !== true || now - this.#shownAt < EVERY_MS) return
    this.#shownAt = now
    this.#hasShown = true
    this.#output.write(`${CLEAR_LINE}${text} (${this.rate(done)}/s)`)
  }

  /** How many a second, so far. */
  rate (done: number): number { return Math.round(done * 1_000 / Math.max(1, performance.now() - this.#begin)) }

  /** Leaves no half line behind. */
  end (): void {
    if (this.#hasShown) this.#output.write(CLEAR_LINE)
  }
}
