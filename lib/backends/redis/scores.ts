import type { Instant } from '../../../types/index.d.ts'
import { YOUNG_MS } from '../conventions.ts'

/** A session in use moves its deadline with each write. The score of its id moves once an hour, to save commands. */
export const STEP_MS = 3_600_000
const SECOND_MS = 1_000
/** How far the clock of the process which added an id may be ahead, in seconds. */
const AHEAD_S = 86_400

/**
 * The score of an id in a subject's index: the deadline, rounded up to a full hour, and on top the second at which the id
 * came into the index, modulo the milliseconds of an hour. So one number tells when the id is dropped, and its age up to
 * 41 days.
 */
export function scoreOf (expiresAt: Instant, now: Instant): number {
  return lastOfStep(expiresAt) + secondOf(now)
}

/** Whether an id came into the index in the last five minutes, so that its session may be about to be stored. */
export function isYoung (score: number, now: Instant): boolean {
  const age = (secondOf(now) - score % STEP_MS + STEP_MS) % STEP_MS
  return age <= YOUNG_MS / SECOND_MS || age > STEP_MS - AHEAD_S
}

/** A stored session with a later deadline than this has the hour of `expiresAt` already, so that the index need not move. */
export function indexedAfter (expiresAt: Instant): Instant { return Math.max(0, lastOfStep(expiresAt) - STEP_MS) }

function secondOf (now: Instant): number { return Math.floor(now / SECOND_MS) % STEP_MS }

function lastOfStep (expiresAt: Instant): Instant { return Math.ceil(expiresAt / STEP_MS) * STEP_MS }
