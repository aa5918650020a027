/** What waits until a deadline. `Deadlines` alone sets the neighbours in its list. */
export interface Waiting {
  /** By `performance.now()`. */
  readonly due: number
  earlier?: Waiting | undefined
  later?: Waiting | undefined
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
  #first: Waiting | undefined
  #last: Waiting | undefined
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
    else if (this.#first === undefined) this.#timer.ref()
    wait.earlier = this.#last
    if (this.#last === undefined) this.#first = wait
    else this.#last.later = wait
    this.#last = wait
  }

  /** The wait is over. */
  delete (wait: Waiting): void {
    this.#unlink(wait)
    if (this.#first !== undefined) return
    if (this.#isClosed) this.#clear()
    else this.#timer?.unref()
  }

  /** Leaves no timer behind, once nothing waits any more. */
  close (): void {
    this.#isClosed = true
    if (this.#first === undefined) this.#clear()
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
    for (let wait = this.#first; wait !== undefined; wait = this.#first) {
      if (wait.due > now) {
        this.#arm(wait.due - now)
        break
      }
      over.push(wait)
      this.#unlink(wait)
    }
    for (const wait of over) wait.expire()
  }

  #unlink (wait: Waiting): void {
    const { earlier, later } = wait
    wait.earlier = wait.later = undefined
    if (earlier !== undefined) earlier.later = later
    else if (this.#first === wait) this.#first = later
    if (later !== undefined) later.earlier = earlier
    else if (this.#last === wait) this.#last = earlier
  }
}
