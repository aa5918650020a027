import { hash } from 'node:crypto'
import type { SessionPolicy } from '../../types/index.d.ts'
import { SessionDestroyedError } from '../errors.ts'
import { isRecord, tombstone } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import type { Flow } from '../tools/flow.ts'

/*
 * "All sessions of a user, also those whose creation had begun", from any process: a revocation leaves a mark in the store,
 * and then ends the sessions which are stored. A request that stores a new session of the user looks for the mark
 * afterwards. Either there is no mark yet: then the session was stored before the store is gone through, and is found
 * there. Or there is a mark:
 *
 * - a sign-in ends again if the mark is not the mark from before the sign-in began. A sign-in that begins later is new,
 *   and the session keeps the mark;
 * - a session which only got a new id ends unless it has the same mark.
 */

/** The mark of a subject's last revocation; `undefined` where there is none, or where the backend cannot revoke by subject. */
export function * lastRevocation ({ store, settings }: Registration, subject: string | null): Flow<number | undefined> {
  if (subject === null || store.backend.removeSubject === undefined) return undefined
  const answer = yield * store.read(markId(settings.property, subject))
  return isRecord(answer) ? answer.version : undefined
}

/**
 * To be called once a session is stored. Throws `SessionDestroyedError` when the sessions of its subject were revoked meanwhile.
 *
 * @param known the mark from before a sign-in began, or the mark which the session keeps
 */
export function * assertNotRevoked (registration: Registration, subject: string | null, known: number | undefined): Flow<void> {
  const mark = yield * lastRevocation(registration, subject)
  // An expired mark is older than any sign-in which can still be under way.
  if (mark !== undefined && mark !== known) throw new SessionDestroyedError('the sessions of its subject were revoked')
}

/** A policy with the mark of the revocation which a session came after. */
export function withMark<Policy extends SessionPolicy | null> (policy: Policy, mark: number | undefined): Policy | SessionPolicy {
  return mark === undefined ? policy : Object.freeze({ ...policy, mark })
}

/** Tells every process which is making a session of the subject. The mark is a tombstone: no session, and never listed. */
export function * markRevoked ({ store, settings }: Registration, subject: string): Flow<void> {
  const id = markId(settings.property, subject)
  const mark = tombstone(id, settings.now())
  yield * store.call('write', () => store.backend.write(id, mark, undefined, { data: {} }))
}

// The space keeps marks apart from sessions: no token has a space in it.
function markId (property: string, subject: string): string {
  return hash('sha256', `${property}:revoked ${subject}`, 'hex')
}
