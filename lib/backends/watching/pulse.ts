/** How long a lost connection may go unnoticed where nobody says otherwise. */
export const DEFAULT_LEASE_MS = 1_000
/** A connection that has been silent for so long is given up: it may be half open, and nothing else would tell. */
const GIVE_UP_MS = 2_000

/** What a connection can be asked for. */
interface Line {
  /** Sends a question whose answer comes behind all that was said before. */
  ask (): void
  /** Drops the connection, and makes another. */
  restart (): void
}

/**
 * Knows up to when a connection has told everything. A message proves nothing, since all may come late: only the answer to a question
 * does, and it proves what was said before the question. Asks when somebody wants to know, so that no timer is needed.
 */
export class Pulse {
  readonly #line: Line
  readonly #now: () => number
  /** All that was said up to this moment has been heard. */
  #provenAt = -Infinity
  /** Since when an answer is due. */
  #askedAt: number | null = null

  /** @param now a clock in milliseconds that is never set back */
  constructor (line: Line, now: () => number = () => performance.now()) {
    this.#line = line
    this.#now = now
  }

  /** Something was sent that needs an answer. */
  wait (): void { this.#askedAt ??= this.#now() }

  /** What was sent was answered. */
  answered (): void {
    if (this.#askedAt === null) return
    this.#provenAt = this.#askedAt
    this.#askedAt = null
  }

  /** The connection is lost: no answer is due, and nothing is proven. */
  stop (): void {
    this.#provenAt = -Infinity
    this.#askedAt = null
  }

  /** As `stop`; the connection is given up so many milliseconds later than for silence. */
  pause (ms: number): void {
    this.stop()
    this.#askedAt = this.#now() + ms
  }

  /**
   * Whether all that was said up to `leaseMs` ago has been heard. Asks once half of that time is over.
   *
   * @param isUp whether the connection can be asked
   */
  isWithin (leaseMs: number, isUp: boolean): boolean {
    const now = this.#now()
    if (this.#askedAt !== null && now - this.#askedAt > GIVE_UP_MS) {
      this.stop()
      this.#line.restart()
      return false
    }
    if (!isUp) return false
    const age = now - this.#provenAt
    if (this.#askedAt === null && age * 2 > leaseMs) {
      this.wait()
      this.#line.ask()
    }
    return age <= leaseMs
  }
}
