import type { Duration } from '../../types/index.d.ts'

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const PATTERN = /^(\d{1,9}(?:\.\d{1,9})?)([smhd])$/

/** The pattern of durations written as text, such as `'30m'`, for JSON Schema. */
export const DURATION_PATTERN: string = PATTERN.source

/**
 * Converts a duration (seconds, or text with the unit s, m, h or d) to whole milliseconds, at least 1. `null` for text of
 * another shape, and for a number that is not finite or not above 0.
 *
 * @example
 * toMilliseconds('1.5h') // 5400000
 */
export function toMilliseconds (duration: Duration): number | null {
  const ms = typeof duration === 'string' ? fromText(duration) : duration * 1_000
  if (!Number.isFinite(ms) || ms <= 0) return null
  return Math.min(Math.max(1, Math.round(ms)), Number.MAX_SAFE_INTEGER)
}

function fromText (text: string): number {
  const match = PATTERN.exec(text)
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : NaN
}
