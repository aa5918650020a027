import type { Duration } from '../../types/index.d.ts'
import { unexpected } from './check-options.ts'
import { DURATION_PATTERN, toMilliseconds } from './duration.ts'
import type { OptionSchema } from './option-schema.ts'

/** Ten years. A larger number is one of milliseconds, by habit. */
const MAX_SECONDS = 315_576_000

/** The two forms of a duration, as branches of a schema. */
export const DURATIONS: readonly OptionSchema[] = [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string', pattern: DURATION_PATTERN }]

/** What a duration is, in messages. */
export const A_DURATION = 'a number of seconds above 0, or a string such as \'30m\', \'12h\' or \'14d\''

/**
 * The milliseconds of an option that is a duration.
 *
 * @throws InvalidOptionsError
 */
export function durationOf (path: string, duration: Duration): number {
  const ms = toMilliseconds(duration)
  if (ms === null) throw unexpected(path, 'a finite duration above 0', duration)
  if (typeof duration === 'number' && duration > MAX_SECONDS) {
    const remedy = 'seconds, not milliseconds? A longer duration is text, such as \'4000d\''
    throw unexpected(path, 'at most ten years as a number', duration, remedy)
  }
  return ms
}
