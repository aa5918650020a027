/** What waits until a deadline. */
export interface Waiting {
  /** By `performance.now()`. */
  readonly due: number
  /** The time is over. */
  expire (): void
}

/**
 * A time limit for many waits at once, with a single timer: most waits end long before, and a timer for each would cost more than the
 * wait. All have the same limit, so that whoever began first is due first.
 */
export class Deadlines {
  readonly limitMs: number
  /** Makes the error for a wait which took too long. */
  readonly errorOf: () => Error
  readonly #waits = new Set<Waiting>()
  #isClosed = false
  /** Fires when the wait that was first in the list is due. Keeps the process alive only while something waits. */
  #timer: NodeJS.Timeout | undefined

  /** @param limitMs in milliseconds; `Infinity` for no limit */
  constructor (limitMs: number, errorOf: () => Error) {
    this.limitMs = limitMs
    this.errorOf = errorOf
  }

  /** When a wait is due that begins now. */
  get next (): number { return performance.now() + this.limitMs }

  add (wait: Waiting): void {
    if (this.limitMs === Infinity) return
    if (this.#timer === undefined) this.#arm(this.limitMs)
    else if (this.#waits.size === 0) this.#timer.ref()
    this.#waits.add(wait)
  }

  /** The wait is over. */
  delete (wait: Waiting): void {
    this.#waits.delete(wait)
    if (this.#waits.size > 0) return
    if (this.#isClosed) this.#clear()
    else this.#timer?.unref()
  }

  /** Leaves no timer behind, once nothing waits any more. */
  close (): void {
    this.#isClosed = true
    if (this.#waits.size === 0) this.#clear()
  }

  #clear (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm (ms: number): void {
    this.#timer = setTimeout(() => { this.#look() }, Math.max(1, Math.ceil(ms)))
  }

  #look (): void {
    this.#timer = undefined
    const now = performance.now()
    const over: Waiting[] = []
    for (const wait of this.#waits) {
      if (wait.due > now) {
        this.#arm(wait.due - now)
        break
      }
      over.push(wait)
      this.#waits.delete(wait)
    }
    for (const wait of over) wait.expire()
  }
}
