/** So many failures one after the other open the breaker. */
const MOST_FAILURES = 5
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

export type BreakerState = 'closed' | 'open' | 'probing'

/**
 * Spares a backend that is down, and those who wait for it: after a few failures in a row calls fail at once, and only
 * one at a time is let through to see whether it is up again. One success closes the breaker.
 *
 * Time is monotonic: a clock that is set must not keep it open.
 */
export class Breaker {
  #state: BreakerState = 'closed'
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS
  /** When the next call may try. */
  #retryAt = 0
  readonly #onChange: (state: BreakerState) => void
  readonly #now: () => number

  constructor (onChange: (state: BreakerState) => void, now: () => number = () => performance.now()) {
    this.#onChange = onChange
    this.#now = now
  }

  get state (): BreakerState { return this.#state }

  /** Whether a call may be made; whoever is told so must report how it ended. */
  admits (): boolean {
    if (this.#state === 'closed') return true
    const now = this.#now()
    if (now < this.#retryAt) return false
    // One that never comes back must not be the last one that was let through.
    this.#retryAt = now + MAX_PAUSE_MS
    this.#turn('probing')
    return true
  }

  succeed (): void {
    this.#failures = 0
    if (this.#state === 'closed') return
    this.#pauseMs = FIRST_PAUSE_MS
    this.#turn('closed')
  }

  /** The call failed, or did not answer in time. */
  fail (): void {
    this.#failures++
    if (this.#state === 'probing') this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS)
    else if (this.#state === 'open' || this.#failures < MOST_FAILURES) return
    this.#retryAt = this.#now() + this.#pauseMs
    this.#turn('open')
  }

  #turn (state: BreakerState): void {
    this.#state = state
    this.#onChange(state)
  }
}
