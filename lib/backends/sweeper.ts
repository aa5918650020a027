import type { FastifyBaseLogger } from 'fastify'
import type { Awaitable, Duration } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'
import { toMilliseconds } from '../tools/duration.ts'

/** Each node waits between half and one and a half times the interval, so that they do not all sweep at once. */
const LEAST_SHARE = 0.5
const MOST_SHARE = 1.5
const BATCH = 1_000
/** The longest that a timer can wait (2^31 − 1 ms, 24.8 days). */
const MAX_DELAY_MS = 2_147_483_647

export interface SweeperOptions {
  readonly everyMs: number
  /** Deletes up to so many; how many it deleted. */
  readonly removeExpired: (options: { limit: number }) => Awaitable<number>
  readonly log: Pick<FastifyBaseLogger, 'debug' | 'warn'>
}

/** `sweepEvery` of a backend in milliseconds, or `null` where it is off. */
export function sweepIntervalOf (sweepEvery: Duration | undefined): number | null {
  if (sweepEvery === undefined) return null
  const ms = toMilliseconds(sweepEvery)
  if (ms === null || ms * MOST_SHARE > MAX_DELAY_MS) throw unexpected('sweepEvery', 'a duration above 0 and up to 16 days', sweepEvery)
  return ms
}

/** Removes expired sessions now and then, for stores that do not do so themselves. Keeps no process alive. */
export class Sweeper {
  readonly #options: SweeperOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isStopped = false

  constructor (options: SweeperOptions) {
    this.#options = options
  }

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

  /** Resolves when nothing runs any more, so that connections may be closed. */
  async stop (): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #sweep (): Promise<void> {
    const { removeExpired, log } = this.#options
    try {
      let removed = 0
      for (;;) {
        const batch = await removeExpired({ limit: BATCH })
        removed += batch
        if (batch < BATCH || this.#isStopped) break
        // Requests come between two batches.
        await new Promise(resolve => { setImmediate(resolve) })
      }
      if (removed > 0) log.debug({ removed }, 'expired sessions were removed')
    } catch (error) {
      log.warn({ err: error }, 'removing expired sessions failed; it is tried again')
    }
  }
}
