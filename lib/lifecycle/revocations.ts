import type { Instant, SessionRecord } from '../../types/index.d.ts'
import { SessionDestroyedError } from '../errors.ts'
import { EVERYBODY, markId, type Marks, type Target } from '../record/marks.ts'
import { isRecord, tombstone, TOMBSTONE_LIFE_MS } from '../record/record.ts'
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
 *
 * The same for a label in place of the user. A session may have a subject and labels, and so several marks.
 */

/** Who a session belongs to: what may be revoked. */
export type Owner = Pick<SessionRecord, 'subject' | 'meta'>

/** The last revocation of a target, as its mark tells. */
export interface Revocation {
  readonly mark: number
  /** When the mark was made, and when no clock can take the mark for a living one any more: by the clock of the revoking node. */
  readonly at: Instant
  readonly until: Instant
  /** The id of the session which the revocation has spared (`except`). */
  readonly spared: string | undefined
}

const REVOKED = 'the sessions of its subject were revoked'
const NO_MARKS: Marks = []

/** The targets whose revocation ends a session; none where the backend cannot revoke. */
function targetsOf ({ store: { backend }, revoked }: Registration, { subject, meta }: Owner): Target[] {
  // A session on a server ends with its record, whether or not there is a mark.
  const targets: Target[] = revoked === null ? [] : [EVERYBODY]
  if (subject !== null && (backend.removeSubject ?? revoked) != null) targets.push({ kind: 'subject', value: subject })
  if ((backend.removeLabel ?? revoked) == null) return targets
  for (const value of meta?.labels ?? []) targets.push({ kind: 'label', value })
  return targets
}

function * revocationsOf (registration: Registration, owner: Owner): Flow<Revocation[]> {
  const { settings: { property }, revoked, store } = registration
  const ids = targetsOf(registration, owner).map(target => markId(property, target))
  if (ids.length === 0) return []
  const answers = yield * (revoked?.store ?? store).readMany(ids)
  return answers.map(revocationIn).filter(revocation => revocation !== null)
}

/** The revocation that a mark's record tells of; `null` where the record counts places only, or is none. */
export function revocationIn (answer: unknown): Revocation | null {
  if (!isRecord(answer)) return null
  const { version, createdAt, expiresAt, meta } = answer
  const isMark = meta?.pending === undefined
  const mark = isMark ? version : meta.mark as number | undefined
  if (mark === undefined) return null
  return { mark, at: createdAt, until: isMark ? expiresAt : createdAt + TOMBSTONE_LIFE_MS, spared: meta?.successor }
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
 * The marks which a sign-in may go by: those of revocations from before the sign-in was called. Throws `SessionDestroyedError`
 * where the sessions were revoked while this very question was on its way to the store.
 */
export function * marksBefore (registration: Registration, owner: Owner, signIn: SignIn): Flow<Marks> {
  const revocations = yield * revocationsOf(registration, owner)
  for (const revocation of revocations) assertBefore(registration, revocation, signIn)
  return revocations.length === 0 ? NO_MARKS : revocations.map(({ mark }) => mark)
}

/** Throws `SessionDestroyedError` for a revocation that came after a sign-in was called. */
export function assertBefore (registration: Registration, { mark, at }: Revocation, signIn: SignIn): void {
  const place = marksHere.get(mark)
  // A mark of a different process is placed by the clock. A clock that is wrong does not come to lie in so short a time.
  const isLater = place !== undefined ? place > signIn.order : at > signIn.at && at <= registration.now()
  if (isLater) throw new SessionDestroyedError(REVOKED)
}

/**
 * To be called once a session is stored. Throws `SessionDestroyedError` when its sessions were revoked meanwhile.
 *
 * @param known the marks from before a sign-in began, or the marks which the session keeps
 * @param old the session before it got a new id: a revocation may have spared the session
 * @returns the marks which the session has to keep: `known` itself where nothing changes
 */
export function * assertNotRevoked (
  registration: Registration, owner: Owner, known: Marks, old?: Pick<SessionRecord, 'id' | 'createdAt'>
): Flow<Marks> {
  let marks = known
  for (const { mark, until, spared } of yield * revocationsOf(registration, owner)) {
    // An expired mark is older than any sign-in which can still be under way.
    if (known.includes(mark)) continue
    if (spared !== undefined && spared === old?.id) {
      marks = [...marks, mark]
      continue
    }
    // Otherwise the session came so long after the revocation that its node, whose clock is ahead, saw the mark no more.
    if (old === undefined || old.createdAt < until) throw new SessionDestroyedError(REVOKED)
  }
  return marks
}

/**
 * Tells every process which is making a session of the target, and of cookie sessions every process which loads one. The mark is a
 * tombstone: no session, and never listed.
 */
export function * markRevoked (registration: Registration, target: Target, spared: string | undefined): Flow<void> {
  const { store, settings, revoked } = registration
  const meta = { ...(revoked !== null && { reason: 'revoked' as const }), ...(spared !== undefined && { successor: spared }) }
  const mark = tombstone(markId(settings.property, target), settings.now(), Object.keys(meta).length === 0 ? null : meta)
  marksHere.set(mark.version, ++order)
  if (revoked === null) yield * store.putBlindly(mark)
  else yield * revoked.mark(mark)
}
