import type { SessionRecord } from '../../types/index.d.ts'

/** A session without a deadline of Express's; the options of the registration hold. */
const FAR_MS = 400 * 86_400_000

/** What express-session keeps of the cookie. */
export interface ExpressCookie {
  readonly path?: string
  /** How long a use prolongs the session, in milliseconds; `null` where it ends with the browser. */
  readonly originalMaxAge?: unknown
  /** A Date, or text in the store; `null` where it ends with the browser. Always by the clock of a machine. */
  readonly expires?: unknown
}

type Times = Pick<SessionRecord, 'createdAt' | 'lastAccessedAt' | 'expiresAt'>

/** The times that were stored here last. */
export interface KnownTimes extends Times {
  /** The last use by the clock of the machine, which may differ from that of the application. */
  readonly usedAt: number
}

/**
 * What a session that is stored here tells Express. `originalMaxAge` is how long Express prolongs the session at each use: its own value
 * stays, unless `setLifetime()` gives another. Stores take their time to live from `expires`.
 */
export function cookieTimesOf (record: SessionRecord, { originalMaxAge }: ExpressCookie, usedAt: number): ExpressCookie {
  const lifeMs = record.expiresAt - record.lastAccessedAt
  const maxAge = typeof originalMaxAge === 'number' && record.policy === null ? originalMaxAge : lifeMs
  return { originalMaxAge: maxAge, expires: new Date(usedAt + Math.min(lifeMs, maxAge)) }
}

/**
 * The times of a session that express-session may have made or prolonged. The nearer deadline counts, of its cookie and of ours.
 * `null` for a session that has ended.
 *
 * @param known `null` for a session that Express made
 * @param canTouch whether the store may have moved its own time to live alone, as connect-redis does: what it still has after `expires`
 * has been used since
 */
export function timesOf (
  cookie: ExpressCookie, known: KnownTimes | null, { now, canTouch }: { now: number, canTouch: boolean }
): Times | null {
  const maxAge = typeof cookie.originalMaxAge === 'number' ? cookie.originalMaxAge : FAR_MS
  const expires = instantOf(cookie.expires)
  const leftMs = expires === null ? FAR_MS : expires - Date.now()
  const createdAt = known?.createdAt ?? now
  if (leftMs <= 0) return canTouch ? { createdAt, lastAccessedAt: now, expiresAt: now + maxAge } : null
  if (known === null) {
    const usedAt = now - Math.max(0, maxAge - leftMs)
    return { createdAt: usedAt, lastAccessedAt: usedAt, expiresAt: now + leftMs }
  }
  const { lastAccessedAt, expiresAt } = known
  if (expires === null) return { createdAt, lastAccessedAt, expiresAt }
  const byExpress = lastAccessedAt + expires - known.usedAt
  // At each use Express moves `expires` to so long after it.
  const isUsedSince = byExpress - maxAge > lastAccessedAt
  if (isUsedSince) return { createdAt, lastAccessedAt: byExpress - maxAge, expiresAt: byExpress }
  return { createdAt, lastAccessedAt, expiresAt: Math.min(expiresAt, byExpress) }
}

function instantOf (expires: unknown): number | null {
  const at = typeof expires === 'string' || expires instanceof Date ? new Date(expires).getTime() : NaN
  return Number.isNaN(at) ? null : at
}
