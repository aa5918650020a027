import type { EventSource } from '../store/events.ts'
import type { Registration } from '../store/registration.ts'
import type { Flow } from '../tools/flow.ts'
import { leavePlace, takePlace } from './places.ts'
import type { Marks } from '../record/marks.ts'
import { assertNotRevoked, beginSignIn, marksBefore, type Owner } from './revocations.ts'

/** A session whose first record names a subject. */
export interface SignedIn {
  readonly registration: Registration
  readonly owner: Owner & { readonly subject: string }
  readonly id: string
  /** Where events come from. */
  readonly source: EventSource
  /** Stores the session, which keeps these marks of revocations. Answers whether it is stored. */
  store (marks: Marks): Flow<boolean>
  /** Ends the stored session: its sessions were revoked meanwhile. */
  end (): Flow<void>
}

/**
 * Stores a session of a subject so that it comes before or after each revocation of its sessions, and takes one of the subject's places.
 *
 * @throws SessionDestroyedError where the sessions were revoked meanwhile; SessionLimitError
 */
export function * signIn ({ registration, owner, id, source, store, end }: SignedIn): Flow<void> {
  const called = beginSignIn(registration)
  const marks = yield * marksBefore(registration, owner, called)
  const newcomer = { registration, subject: owner.subject, id, signIn: called, source }
  yield * takePlace(newcomer)
  let isStored = false
  try {
    isStored = yield * store(marks)
  } finally {
    if (!isStored) registration.store.runAside(leavePlace(newcomer))
  }
  if (!isStored) return
  try {
    yield * assertNotRevoked(registration, owner, marks)
  } catch (error) {
    yield * end()
    throw error
  }
}
