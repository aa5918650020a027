/** So many failures in a row open the breaker. */
const MOST_FAILURES = 5
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

export type BreakerState = 'closed' | 'open' | 'probing'

/**
 * While a backend is down, requests fail at once instead of waiting for it: a few failures in a row open the breaker.
 * Then a single call at a time is let through to see whether the backend is up again, and a success closes the breaker.
 *
 * Time is monotonic: setting the system's clock must not keep the breaker open.
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

  /** Whether a call may be made. Each admitted call must be followed by `succeed()` or `fail()`. */
  admits (): boolean {
    if (this.#state === 'closed') return true
    const now = this.#now()
    if (now < this.#retryAt) return false
    // If this call never ends, a later call is let through in its place.
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
