import type { Instant, SessionPolicy, SessionRecord } from '../../types/index.d.ts'

/** The lifetime options in force, in milliseconds. */
export interface LifetimeOptions {
  readonly idleMs: number
  /** `Infinity` for none. */
  readonly absoluteMs: number
  readonly renewAfter: number
  readonly persistent: boolean
}

/** The last instant that a `Date` can show. */
const LAST_INSTANT = 8_640_000_000_000_000

type Times = Pick<SessionRecord, 'createdAt' | 'lastAccessedAt' | 'policy'>

/** What holds for one session: its own policy where it has one, the options in force for the rest. */
export function lifetimeOf (policy: SessionPolicy | null, options: LifetimeOptions): LifetimeOptions {
  if (policy === null) return options
  const { idleTimeout = options.idleMs, absoluteTimeout = options.absoluteMs, persistent = options.persistent } = policy
  return { idleMs: idleTimeout, absoluteMs: absoluteTimeout ?? Infinity, renewAfter: options.renewAfter, persistent }
}

/** The nearer of the two deadlines: idle since the last recorded use, absolute since creation (ASVS 7.3.1, 7.3.2). */
export function deadlineOf ({ createdAt, lastAccessedAt, policy }: Times, options: LifetimeOptions): Instant {
  const { idleMs, absoluteMs } = lifetimeOf(policy, options)
  return Math.min(lastAccessedAt + idleMs, createdAt + absoluteMs, LAST_INSTANT)
}

/**
 * The deadline that holds for a stored record. Options may have become stricter since it was written; a store may have
 * been told the old deadline. So the nearer one counts, whatever the store's own expiry does.
 */
export function effectiveDeadline (record: SessionRecord, options: LifetimeOptions): Instant {
  return Math.min(record.expiresAt, deadlineOf(record, options))
}

export function isExpired (record: SessionRecord, options: LifetimeOptions, now: Instant): boolean {
  return now >= effectiveDeadline(record, options)
}

/** When a use at `now` is recorded; clocks of different nodes never move it back. */
export function usedAt (record: Pick<SessionRecord, 'lastAccessedAt'>, now: Instant): Instant {
  return Math.max(record.lastAccessedAt, now)
}

/**
 * Whether a use at `now` is worth a write: once `renewAfter` of the idle time has passed, or when the stored deadline
 * is nearer than the options in force would have it. Never when that would not move the deadline that holds: after a
 * deployment with stricter options that one is nearer than the stored one.
 */
export function isRenewalDue (record: SessionRecord, options: LifetimeOptions, now: Instant): boolean {
  const renewed = deadlineOf({ createdAt: record.createdAt, lastAccessedAt: usedAt(record, now), policy: record.policy }, options)
  if (renewed <= effectiveDeadline(record, options)) return false
  const { idleMs, renewAfter } = lifetimeOf(record.policy, options)
  return now - record.lastAccessedAt >= renewAfter * idleMs || record.expiresAt < deadlineOf(record, options)
}
