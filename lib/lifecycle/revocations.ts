import { hash } from 'node:crypto'
import type { Instant, SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { SessionDestroyedError } from '../errors.ts'
import { isRecord, tombstone } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
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
interface Revocation {
  readonly mark: number | undefined
  /** When the mark was made, and when no clock can take the mark for a living one any more: by the clock of the revoking node. */
  readonly at: Instant
  readonly until: Instant
  /** The id of the session which the revocation has spared (`except`). */
  readonly spared: string | undefined
}

const REVOKED = 'the sessions of its subject were revoked'
const NONE: Revocation = Object.freeze({ mark: undefined, at: 0, until: 0, spared: undefined })

/** A subject's last revocation; no mark where there was none, or where the backend cannot revoke by subject. */
function * lastRevocation ({ store, settings }: Registration, subject: string | null): Flow<Revocation> {
  if (subject === null || store.backend.removeSubject === undefined) return NONE
  const answer = yield * store.read(markId(settings.property, subject))
  if (!isRecord(answer)) return NONE
  return { mark: answer.version, at: answer.createdAt, until: answer.expiresAt, spared: answer.meta?.successor }
}

/** When a sign-in was called: before its first call has reached the store. */
export interface SignIn {
  readonly order: number
  readonly at: Instant
}

/** Sign-ins and revocations of this process in their order, which no clock could tell within a millisecond. */
let order = 0
/** The places of this process's latest marks in that order. */
const marksHere = new BoundedMap<number, number>(1_000)

export function beginSignIn ({ settings }: Registration): SignIn {
  return { order: ++order, at: settings.now() }
}

/**
 * The mark which a sign-in may go by: that of a revocation from before the sign-in was called. Throws `SessionDestroyedError`
 * where the sessions of the subject were revoked while this very question was on its way to the store.
 */
export function * markBefore (registration: Registration, subject: string | null, signIn: SignIn): Flow<number | undefined> {
  const { mark, at } = yield * lastRevocation(registration, subject)
  if (mark === undefined) return undefined
  const place = marksHere.get(mark)
  // A mark of a different process is placed by the clock. A clock that is wrong does not come to lie in so short a time.
  const isLater = place !== undefined ? place > signIn.order : at > signIn.at && at <= registration.now()
  if (isLater) throw new SessionDestroyedError(REVOKED)
  return mark
}

/**
 * To be called once a session is stored. Throws `SessionDestroyedError` when the sessions of its subject were revoked meanwhile.
 *
 * @param known the mark from before a sign-in began, or the mark which the session keeps
 * @param old the session before it got a new id: a revocation may have spared the session
 * @returns the mark which the session has to keep
 */
export function * assertNotRevoked (
  registration: Registration, subject: string | null, known: number | undefined, old?: Pick<SessionRecord, 'id' | 'createdAt'>
): Flow<number | undefined> {
  const { mark, until, spared } = yield * lastRevocation(registration, subject)
  // An expired mark is older than any sign-in which can still be under way.
  if (mark === undefined || mark === known) return known
  if (spared !== undefined && spared === old?.id) return mark
  // The session came so long after the revocation that its node, whose clock is ahead, saw the mark no more.
  if (old !== undefined && old.createdAt >= until) return known
  throw new SessionDestroyedError(REVOKED)
}

/** The meta of a session with the mark of the revocation which the session came after. */
export function withMark (meta: SessionMeta | null, mark: number | undefined): SessionMeta | null {
  return mark === undefined ? meta : Object.freeze({ ...meta, mark })
}

/** Tells every process which is making a session of the subject. The mark is a tombstone: no session, and never listed. */
export function * markRevoked ({ store, settings }: Registration, subject: string, spared: string | undefined): Flow<void> {
  const id = markId(settings.property, subject)
  const mark = tombstone(id, settings.now(), spared === undefined ? null : { successor: spared })
  marksHere.set(mark.version, ++order)
  yield * store.putBlindly(mark)
}

// The space keeps marks apart from sessions: no token has a space in it.
function markId (property: string, subject: string): string {
  return hash('sha256', `${property}:revoked ${subject}`, 'hex')
}
