import type { FastifyBaseLogger } from 'fastify'
import type { Awaitable, Duration } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'
import { toMilliseconds } from '../tools/duration.ts'
import { removeInBatches } from '../tools/remove-in-batches.ts'

/** Each process waits for 0.5 to 1.5 times the interval, so that processes do not all sweep at once. */
const LEAST_SHARE = 0.5
const MOST_SHARE = 1.5
/** The longest delay of a timer of Node: 2^31 − 1 ms, 24.8 days. */
const MAX_DELAY_MS = 2_147_483_647

export interface SweeperOptions {
  readonly everyMs: number
  /** Removes up to `limit` expired sessions, and answers how many sessions it removed. */
  readonly removeExpired: (options: { limit: number }) => Awaitable<number>
  readonly log: Pick<FastifyBaseLogger, 'debug' | 'warn'>
}

/**
 * The option `sweepEvery` of a backend in milliseconds; `null` where the option is not given, and no sweeper runs.
 *
 * @throws InvalidOptionsError for a value that is no duration, or above 16 days
 */
export function sweepIntervalOf (sweepEvery: Duration | undefined): number | null {
  if (sweepEvery === undefined) return null
  const ms = toMilliseconds(sweepEvery)
  if (ms === null || ms * MOST_SHARE > MAX_DELAY_MS) throw unexpected('sweepEvery', 'a duration above 0 and up to 16 days', sweepEvery)
  return ms
}

/**
 * Removes expired sessions at intervals, for stores without an expiry of their own (`docs/security.md C043`). A failed
 * sweep is logged, and the next sweep tries again. The timer does not keep the process alive.
 */
export class Sweeper {
  readonly #options: SweeperOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isStopped = false

  constructor (options: SweeperOptions) {
    this.#options = options
  }

  /** The first sweep runs after one interval. A second call changes nothing, and a stopped sweeper never starts again. */
  start (): void {
    if (this.#isStopped || this.#timer !== undefined) return
    const delay = this.#options.everyMs * (LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) * Math.random())
    this.#timer = setTimeout(() => {
      this.#running = this.#sweep().finally(() => {
        this.#timer = undefined
        this.start()
      })
    }, delay).unref()
  }

  /** Resolves after the batch under way, so that the caller may close the connections of the store. */
  async stop (): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #sweep (): Promise<void> {
    const { removeExpired, log } = this.#options
    try {
      const removed = await removeInBatches(limit => removeExpired({ limit }), { isStopped: () => this.#isStopped })
      if (removed > 0) log.debug({ removed }, 'expired sessions were removed')
    } catch (error) {
      log.warn({ err: error }, 'removing expired sessions failed; it is tried again')
    }
  }
}
