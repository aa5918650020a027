import { SessionRequiredError } from '../errors.ts'
import type { SessionState } from './state.ts'

/** Why a route with `required` refuses a request; `null` where the route does not (ASVS 7.5.3, RFC 9470). */
export function refusalOf ({ route: { required }, base, subject, meta, registration }: SessionState): SessionRequiredError | null {
  if (required === null) return null
  if (base === null) return new SessionRequiredError('session', required.subject ? 'subject' : 'session')
  if (required.subject && subject === null) return new SessionRequiredError('subject')
  const { signedInAt = -Infinity, level } = meta ?? {}
  // A clock that was ahead at the sign-in must not make the sign-in fresh for ever.
  const isFresh = required.freshMs === Infinity || Math.abs(registration.now() - signedInAt) <= required.freshMs
  if (!isFresh) return new SessionRequiredError('fresh')
  // A level is one of those that are named: no level is above another.
  const isOfLevel = required.levels === null || (level !== undefined && required.levels.includes(level))
  return isOfLevel ? null : new SessionRequiredError('level')
}
