import type { SessionPolicy } from '../../types/index.d.ts'
import type { Stored } from '../payload/codec.ts'
import { deadlineOf, usedAt } from '../record/lifetime.ts'
import type { Registration } from '../store/registration.ts'

/** A session whose lifetime the request has changed. */
interface Changed {
  readonly registration: Registration
  readonly base: Stored | null
  readonly policy: SessionPolicy | null
  readonly createdAt: number
  readonly lastAccessedAt: number
  readonly isUse: boolean
}

/** The deadline that the next commit of the request stores. */
export function nextDeadline ({ registration, base, policy, createdAt, lastAccessedAt, isUse }: Changed): number {
  const lastUse = base !== null && isUse ? usedAt(base.record, registration.now()) : lastAccessedAt
  return deadlineOf({ createdAt, lastAccessedAt: lastUse, policy }, registration.settings.lifetime)
}
