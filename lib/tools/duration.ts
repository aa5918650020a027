import type { Duration } from '../../types/index.d.ts'

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const PATTERN = /^(\d{1,9}(?:\.\d{1,9})?)([smhd])$/

/** The grammar of durations written as text, for JSON Schema. */
export const DURATION_PATTERN: string = PATTERN.source

/** Converts a duration to whole milliseconds; `null` when it is not a duration (see `Duration`). */
export function toMilliseconds (duration: Duration): number | null {
  const ms = typeof duration === 'string' ? fromText(duration) : duration * 1_000
  if (!Number.isFinite(ms) || ms <= 0) return null
  return Math.min(Math.max(1, Math.round(ms)), Number.MAX_SAFE_INTEGER)
}

function fromText (text: string): number {
  const match = PATTERN.exec(text)
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : NaN
}
