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
 * - a session which only got a new id ends unless it has the same mark, or the mark names it as the session to spare.
 */

/** A subject's last revocation, as its mark tells. */
export interface Revocation {
  readonly mark: number | undefined
  /** The id of the session which the revocation has spared (`except`). */
  readonly spared: string | undefined
}

const NONE: Revocation = Object.freeze({ mark: undefined, spared: undefined })

/** A subject's last revocation; no mark where there was none, or where the backend cannot revoke by subject. */
export function * lastRevocation ({ store, settings }: Registration, subject: string | null): Flow<Revocation> {
  if (subject === null || store.backend.removeSubject === undefined) return NONE
  const answer = yield * store.read(markId(settings.property, subject))
  return isRecord(answer) ? { mark: answer.version, spared: answer.policy?.successor } : NONE
}

/**
 * To be called once a session is stored. Throws `SessionDestroyedError` when the sessions of its subject were revoked meanwhile.
 *
 * @param known the mark from before a sign-in began, or the mark which the session keeps
 * @param id the id of the session before it got a new id: a revocation may have spared the session
 * @returns the mark which the session has to keep
 */
export function * assertNotRevoked (
  registration: Registration, subject: string | null, known: number | undefined, id?: string
): Flow<number | undefined> {
  const { mark, spared } = yield * lastRevocation(registration, subject)
  // An expired mark is older than any sign-in which can still be under way.
  if (mark === undefined || mark === known) return known
  if (spared !== undefined && spared === id) return mark
  throw new SessionDestroyedError('the sessions of its subject were revoked')
}

/** A policy with the mark of the revocation which a session came after. */
export function withMark<Policy extends SessionPolicy | null> (policy: Policy, mark: number | undefined): Policy | SessionPolicy {
  return mark === undefined ? policy : Object.freeze({ ...policy, mark })
}

/** Tells every process which is making a session of the subject. The mark is a tombstone: no session, and never listed. */
export function * markRevoked ({ store, settings }: Registration, subject: string, spared: string | undefined): Flow<void> {
  const id = markId(settings.property, subject)
  const mark = tombstone(id, settings.now(), spared === undefined ? null : { successor: spared })
  yield * store.call('write', id, () => store.backend.write(id, mark, undefined, { data: {} }))
}

// The space keeps marks apart from sessions: no token has a space in it.
function markId (property: string, subject: string): string {
  return hash('sha256', `${property}:revoked ${subject}`, 'hex')
}
