import { hash } from 'node:crypto'
import type { SessionPolicy } from '../../types/index.d.ts'
import type { Core } from '../store/registration.ts'
import { SessionDestroyedError } from '../errors.ts'
import type { Flow } from '../tools/flow.ts'
import { isRecord, tombstone } from '../record/record.ts'

/*
 * "All sessions of a user, also ones whose creation had begun", from any process: whoever revokes leaves a mark in the
 * store, and then ends what is stored. Whoever stores a new session of the user looks for the mark afterwards. Either that
 * is before there is one: then the session is there before the store is gone through, and is found. Or there is one:
 *
 * - a sign-in ends again if the mark is another one than before it began. One that begins later is new, and keeps the mark;
 * - a session that only got another id ends unless it has this very mark.
 */

/** The mark of a subject's last revocation; `undefined` when there is none, or none can be. */
export function * lastRevocation (core: Core, subject: string | null): Flow<number | undefined> {
  if (subject === null || core.backend.removeSubject === undefined) return undefined
  const answer: unknown = yield * core.call('read', () => core.backend.read(markId(core, subject)))
  return isRecord(answer) ? answer.version : undefined
}

/**
 * After a session was stored. Throws `SessionDestroyedError` when the sessions of its subject were revoked meanwhile.
 *
 * @param known the mark from before a sign-in began, or that the session has
 */
export function * assertNotRevoked (core: Core, subject: string | null, known: number | undefined): Flow<void> {
  const mark = yield * lastRevocation(core, subject)
  // One that is gone has had its time.
  if (mark !== undefined && mark !== known) throw new SessionDestroyedError('the sessions of its subject were revoked')
}

/** A policy that tells which revocation a session came after. */
export function withMark<Policy extends SessionPolicy | null> (policy: Policy, mark: number | undefined): Policy | SessionPolicy {
  return mark === undefined ? policy : Object.freeze({ ...policy, mark })
}

/** Lets everybody know who is making a session of this subject. The mark is a tombstone: no session, and never listed. */
export function * markRevoked (core: Core, subject: string): Flow<void> {
  const id = markId(core, subject)
  const mark = tombstone(id, core.now())
  yield * core.call('write', () => core.backend.write(id, mark, undefined, { data: {} }))
}

// No token has a space in it.
function markId (core: Core, subject: string): string {
  return hash('sha256', `${core.settings.property}:revoked ${subject}`, 'hex')
}
