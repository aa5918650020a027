import type { Instant, SessionPolicy, SessionRecord } from '../../types/index.d.ts'

/** The lifetime options in force, in milliseconds. */
export interface LifetimeOptions {
  readonly idleMs: number
  /** `Infinity` without an absolute timeout. */
  readonly absoluteMs: number
  /** The part of the idle timeout, from 0 to 1, after which a use is recorded. */
  readonly renewAfter: number
  readonly persistent: boolean
}

/** The last instant that a `Date` can show. */
const LAST_INSTANT = 8_640_000_000_000_000

type Times = Pick<SessionRecord, 'createdAt' | 'lastAccessedAt' | 'policy'>

/** The lifetime of a session: its own policy where the session has a policy, else the options in force. */
export function lifetimeOf (policy: SessionPolicy | null, options: LifetimeOptions): LifetimeOptions {
  if (policy === null) return options
  const { idleTimeout = options.idleMs, absoluteTimeout = options.absoluteMs, persistent = options.persistent } = policy
  return { idleMs: idleTimeout, absoluteMs: absoluteTimeout ?? Infinity, renewAfter: options.renewAfter, persistent }
}

/** The nearer of two deadlines: idle since the last recorded use, absolute since creation (ASVS 7.3.1, 7.3.2). */
export function deadlineOf ({ createdAt, lastAccessedAt, policy }: Times, options: LifetimeOptions): Instant {
  const { idleMs, absoluteMs } = lifetimeOf(policy, options)
  return Math.min(lastAccessedAt + idleMs, createdAt + absoluteMs, policy?.until ?? LAST_INSTANT)
}

/** Whether two policies say the same. */
export function isSamePolicy (one: SessionPolicy | null, other: SessionPolicy | null): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/** A policy without the deadline that a session of a different library came with; `null` where nothing else is in it. */
export function withoutCap (policy: SessionPolicy | null): SessionPolicy | null {
  if (policy?.until === undefined) return policy
  const { until: _, ...kept } = policy
  return Object.keys(kept).length === 0 ? null : kept
}

/** A policy that ends no later than a policy of before, which had the deadline of a different library. */
export function withCapOf (before: SessionPolicy | null, policy: SessionPolicy): SessionPolicy {
  return before?.until === undefined ? policy : { ...policy, until: before.until }
}

/**
 * The deadline that holds for a stored record: the nearer of the stored deadline and the deadline by the options in force.
 * Stricter options end sessions that were written before a deployment; later options do not prolong these before the next
 * renewal. The expiry of the store itself plays no part.
 */
export function effectiveDeadline (record: SessionRecord, options: LifetimeOptions): Instant {
  return Math.min(record.expiresAt, deadlineOf(record, options))
}

/** Whether the deadline that holds has come; the session ends at the exact millisecond of the deadline. */
export function isExpired (record: SessionRecord, options: LifetimeOptions, now: Instant): boolean {
  return now >= effectiveDeadline(record, options)
}

/**
 * Whether a write at `now` may leave the times of a stored record as they are: its deadline is the one that holds, and no renewal is due.
 * The session then ends at least (1 − `renewAfter`) · idle after its last use, as `renewAfter` says.
 */
export function mayStand (record: SessionRecord, options: LifetimeOptions, now: Instant): boolean {
  const { idleMs, renewAfter } = lifetimeOf(record.policy, options)
  return now - record.lastAccessedAt < renewAfter * idleMs && record.expiresAt === deadlineOf(record, options)
}

/** The last use to record for a use at `now`. A node whose clock lags never moves the last use back. */
export function usedAt (record: Pick<SessionRecord, 'lastAccessedAt'>, now: Instant): Instant {
  return Math.max(record.lastAccessedAt, now)
}

/**
 * Whether a use at `now` is worth a write: once `renewAfter` of the idle timeout has passed, or when the options in force
 * give a later deadline than the record has. Never when a write would not move the deadline that holds, say because the
 * absolute deadline is the nearer. After a deployment with stricter options the stored deadline no longer holds, so the
 * comparison is with the deadline that does.
 */
export function isRenewalDue (record: SessionRecord, options: LifetimeOptions, now: Instant): boolean {
  const { createdAt, lastAccessedAt, expiresAt, policy } = record
  const renewed = deadlineOf({ createdAt, lastAccessedAt: usedAt(record, now), policy }, options)
  if (renewed <= effectiveDeadline(record, options)) return false
  const { idleMs, renewAfter } = lifetimeOf(policy, options)
  if (now - lastAccessedAt >= renewAfter * idleMs) return true
  return expiresAt < deadlineOf(record, options)
}
