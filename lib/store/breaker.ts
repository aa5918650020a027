import type { Awaitable } from '../../types/index.d.ts'
import { isPromise } from '../tools/flow.ts'

/** So many failures in a row are a reason to look whether the server is down. */
const MOST_FAILURES = 5
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 1_000

export type BreakerState = 'open' | 'closed'

/**
 * While a server is down, requests fail at once instead of waiting for it.
 *
 * Failures of calls only raise a suspicion: a client can cause them, by a session that is too large or cannot be read. Then
 * the breaker asks the server a question that concerns nobody's session, and opens only if the server has no answer. While
 * the breaker is open, it repeats the question until there is an answer. No request waits for these answers.
 */
export class Breaker {
  #isOpen = false
  #isClosed = false
  #isAsking = false
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS
  #timer: NodeJS.Timeout | undefined
  readonly #ask: () => Awaitable<boolean>
  readonly #onChange: (state: BreakerState) => void

  /** @param ask whether the server answers: resolves within bounded time, and never rejects */
  constructor (ask: () => Awaitable<boolean>, onChange: (state: BreakerState) => void) {
    this.#ask = ask
    this.#onChange = onChange
  }

  /** Whether a call may be made. Each admitted call must be followed by `succeed()` or `fail()`. */
  get admits (): boolean { return !this.#isOpen }

  succeed (): void { this.#failures = 0 }

  /** The call failed, or did not answer in time. */
  fail (): void {
    this.#failures++
    if (this.#failures >= MOST_FAILURES && !this.#isOpen && !this.#isAsking) this.#look()
  }

  /** Asks nothing any more: the application closes. */
  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #look (): void {
    this.#isAsking = true
    const answer = this.#ask()
    if (isPromise(answer)) answer.then(isUp => { this.#conclude(isUp) })
    else this.#conclude(answer)
  }

  #conclude (isUp: boolean): void {
    this.#isAsking = false
    if (this.#isClosed) return
    // A call that succeeded while the question was under way is an answer too.
    if (isUp || (!this.#isOpen && this.#failures === 0)) return this.#turn(false)
    this.#turn(true)
    this.#timer = setTimeout(() => { this.#look() }, this.#pauseMs).unref()
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS)
  }

  #turn (isOpen: boolean): void {
    const hasChanged = this.#isOpen !== isOpen
    this.#isOpen = isOpen
    if (!isOpen) {
      this.#failures = 0
      this.#pauseMs = FIRST_PAUSE_MS
    }
    if (hasChanged) this.#onChange(isOpen ? 'open' : 'closed')
  }
}
