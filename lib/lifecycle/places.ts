import type { Instant, ListPage, SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { assertLimit } from '../config/limits.ts'
import { BackendUnavailableError, InvalidOptionsError, SessionConflictError, SessionLimitError } from '../errors.ts'
import { freezeRecord, isOrphan, isRecord, isUnconfirmed, TOMBSTONE_MS, tombstone } from '../record/record.ts'
import type { EventSource } from '../store/events.ts'
import type { Registration } from '../store/registration.ts'
import { type Flow, wait } from '../tools/flow.ts'
import { endSession } from './end.ts'
import { pause } from './pause.ts'
import { markId } from '../record/marks.ts'
import { assertBefore, type Revocation, revocationIn, type SignIn } from './revocations.ts'

/*
 * `maxSessionsPerSubject`, exact on all nodes: a sign-in first takes a place, then stores its session.
 *
 * The living sessions are those that the backend lists. A sign-in under way is not listed yet, so that its id is written into a record
 * of the subject, by compare-and-set: of two sign-ins that counted the same sessions, one has to count again. Such an id needs its
 * place until the session is listed. An ended session leaves a tombstone: its place is free at once. The place of a process that died
 * between the two writes is free after five minutes.
 *
 * The record is that of the subject's revocations (revocations.ts): a revocation writes it anew, so that the sign-ins which it ends
 * have no place any more.
 */

type Pending = NonNullable<SessionMeta['pending']>

/** Who takes up places. */
interface Seated {
  /** Stored sessions, the one first that has signed in first. */
  readonly living: readonly SessionRecord[]
  /** The ids of sign-ins under way, the first one first. */
  readonly pending: Pending
}

/** A session that is about to begin. */
export interface Newcomer {
  readonly registration: Registration
  readonly subject: string
  readonly id: string
  readonly signIn: SignIn
  /** Where events come from. */
  readonly source: EventSource
}

const MAX_TRIES = 50
/** For so many tries, sign-ins under way are waited for, and not ended. */
const PATIENT_TRIES = 20
const TRIES_FOR_NEW_IDS = 3
/** The record of a subject stays below the 2 kB that every backend has room for. */
const MAX_PENDING = 20
const PAGE = 100
const EVICTED: SessionMeta = Object.freeze({ reason: 'evicted' })

/**
 * Takes a place for a session of a subject.
 *
 * @returns whether it has one: without the option `maxSessionsPerSubject` places are not counted
 * @throws SessionLimitError where there is none, and `onLimit` is `'reject'`
 */
export function * takePlace (newcomer: Newcomer): Flow<boolean> {
  const { registration, subject } = newcomer
  const most = yield * limitOf(registration, subject)
  if (most === null) return false
  const id = markId(registration.settings.property, { kind: 'subject', value: subject })
  // Sign-ins of this process take turns, so that tries are spent on other processes only.
  const turn = yield * registration.queue.enter(id)
  try {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      if (yield * tryToTake(newcomer, id, most, attempt)) return true
      if (attempt > 1) yield pause(Math.min(attempt, PATIENT_TRIES))
    }
  } finally {
    turn.leave(undefined)
  }
  throw new SessionConflictError('others sign in as the same subject all the time')
}

function * limitOf ({ settings, store }: Registration, subject: string): Flow<number | null> {
  const { maxSessionsPerSubject } = settings
  if (typeof maxSessionsPerSubject !== 'function') return maxSessionsPerSubject
  try {
    return assertLimit(yield * wait(maxSessionsPerSubject(subject)), 'maxSessionsPerSubject()')
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) throw cause
    throw new BackendUnavailableError(`${store.name}: the limit of the subject's sessions could not be learnt`, { cause })
  }
}

/** Whether the newcomer has a place now; else the count has to be made again. */
function * tryToTake (newcomer: Newcomer, id: string, most: number, attempt: number): Flow<boolean> {
  const { registration, signIn } = newcomer
  const { store } = registration
  const answer = yield * store.read(id)
  const revocation = revocationIn(answer)
  if (revocation !== null) assertBefore(registration, revocation, signIn)
  const stands = isRecord(answer) ? answer : null
  const seated = yield * seatedOf(newcomer, stands?.meta?.pending ?? [], most)
  const pending = yield * makeRoom(newcomer, seated, most, attempt)
  if (pending === null || pending.length >= MAX_PENDING) return false
  const next = withPending(id, revocation, [...pending, [newcomer.id, registration.now()]], registration.now())
  return (yield * store.put(next, stands?.version ?? 0, { data: {} })).written
}

/** Without the newcomer: a session of another library comes in under the same id with each of its first requests. */
function * seatedOf ({ registration, subject, id: own }: Newcomer, pending: Pending, most: number): Flow<Seated> {
  const living = (yield * livingOf(registration, subject)).filter(({ id }) => id !== own)
  const listed = new Set(living.map(({ id }) => id))
  const now = registration.now()
  const underWay = pending.filter(([id, at]) => id !== own && !listed.has(id) && Math.abs(now - at) <= TOMBSTONE_MS)
  const isFull = living.length + underWay.length >= most || underWay.length >= MAX_PENDING
  return { living, pending: isFull ? yield * withoutEnded(registration, underWay) : underWay }
}

/** The sessions of a subject, without those that nobody holds. */
function * livingOf (registration: Registration, subject: string): Flow<SessionRecord[]> {
  const { store } = registration
  const living: SessionRecord[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const filter = { subject, limit: PAGE, ...(cursor !== undefined && { cursor }) }
    const page: ListPage<SessionRecord> = yield * store.call('list', null, () => store.backend.list!(filter))
    living.push(...page.sessions)
    cursor = page.cursor
  }
  // A session that moves between stores may be listed twice.
  const distinct = [...new Map(living.map(record => [record.id, record])).values()]
  const now = registration.now()
  const begin = ({ meta, createdAt }: SessionRecord): number => meta?.signedInAt ?? createdAt
  return distinct.filter(record => !isOrphan(record, now) && store.deadline(record) > now).sort((a, b) => begin(a) - begin(b))
}

function * withoutEnded ({ store }: Registration, pending: Pending): Flow<Pending> {
  const left: Array<Pending[number]> = []
  for (const entry of pending) {
    const record = yield * store.read(entry[0])
    const hasEnded = isRecord(record) && record.data === ''
    if (!hasEnded) left.push(entry)
  }
  return left
}

/**
 * Ends as many sessions as there have to be fewer, the oldest first.
 *
 * @returns the ids under way that keep their place; `null` where others have to be waited for
 */
function * makeRoom (newcomer: Newcomer, { living, pending }: Seated, most: number, attempt: number): Flow<Pending | null> {
  const { registration, source, subject } = newcomer
  const over = living.length + pending.length + 1 - most
  if (over <= 0) return pending
  // A session that has got a new id just now is listed twice, until its old id ends.
  if (attempt <= TRIES_FOR_NEW_IDS && living.some(isUnconfirmed)) return null
  if (registration.settings.onLimit === 'reject') {
    registration.publish(source, 'rejected', null, { reason: 'limit', cause: 'limit', subject })
    throw new SessionLimitError(most)
  }
  // A sign-in under way is stored in a moment, and can be the one that ends.
  if (attempt <= PATIENT_TRIES && living.length < over) return null
  for (const record of living.slice(0, over)) yield * evict(newcomer, record.id, record)
  const early = pending.slice(0, Math.max(0, over - living.length))
  for (const [id] of early) yield * evict(newcomer, id, null)
  return pending.slice(early.length)
}

/** @param record `null` for a sign-in under way, which its tombstone keeps from being stored */
function * evict ({ registration, source, subject }: Newcomer, id: string, record: SessionRecord | null): Flow<void> {
  if (record === null) yield * registration.store.putBlindly(tombstone(id, registration.now(), EVICTED))
  else yield * endSession(registration, id, record, { meta: EVICTED })
  registration.publish(source, 'evicted', id, { cause: 'evict', subject })
}

/** Gives a place back that was taken for nothing. Where this fails, the place is free after five minutes. */
export function * leavePlace ({ registration, subject, id }: Newcomer): Flow<void> {
  const { settings: { maxSessionsPerSubject }, store } = registration
  if (maxSessionsPerSubject === null) return
  const key = markId(registration.settings.property, { kind: 'subject', value: subject })
  const stands = yield * store.read(key)
  if (!isRecord(stands)) return
  const pending = (stands.meta?.pending ?? []).filter(([other]) => other !== id)
  yield * store.put(withPending(key, revocationIn(stands), pending, registration.now()), stands.version, { data: {} })
}

/** A tombstone, so that no listing shows it; with the mark of a revocation for as long as the mark lives. */
function withPending (id: string, revocation: Revocation | null, pending: Pending, now: Instant): SessionRecord {
  const record = tombstone(id, now, { pending })
  if (revocation === null || revocation.until <= now) return record
  const { mark, at, spared } = revocation
  return freezeRecord({ ...record, createdAt: at, meta: { pending, mark, ...(spared !== undefined && { successor: spared }) } })
}
