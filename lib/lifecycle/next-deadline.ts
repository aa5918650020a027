import type { SessionPolicy } from '../../types/index.d.ts'
import type { Stored } from '../payload/codec.ts'
import { deadlineOf, effectiveDeadline, usedAt } from '../record/lifetime.ts'
import type { Registration } from '../store/registration.ts'

/** A session in a request, which may have changed the lifetime. */
interface Timed {
  readonly registration: Registration
  readonly base: Stored | null
  readonly policy: SessionPolicy | null
  readonly createdAt: number
  readonly lastAccessedAt: number
  readonly isUse: boolean
  /** Whether `touch()` was called. */
  readonly isTouchForced: boolean
}

/** The deadline as it is stored, or that which the next commit of the request stores. */
export function nextDeadline ({ registration, base, policy, createdAt, lastAccessedAt, isUse, isTouchForced }: Timed): number {
  const isMoved = isTouchForced || policy !== base?.record.policy
  if (base !== null && !isMoved) return effectiveDeadline(base.record, registration.settings.lifetime)
  const lastUse = base !== null && isUse ? usedAt(base.record, registration.now()) : lastAccessedAt
  return deadlineOf({ createdAt, lastAccessedAt: lastUse, policy }, registration.settings.lifetime)
}
