import { hash } from 'node:crypto'
import type { ForeignRejection, ForeignSession, Instant, SessionMeta, SessionReader } from '../../types/index.d.ts'
import { BackendContractError, BackendUnavailableError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import { freezeRecord, isRecord, tombstone } from '../record/record.ts'
import { harmlessCause } from '../store/cause.ts'
import type { Registration } from '../store/registration.ts'
import type { Identity } from '../store/keeping.ts'
import type { Rejection } from '../store/store.ts'
import { type Flow, wait } from '../tools/flow.ts'
import { Arrival, LONGEST_COOKIE_MS, markerIdOf } from './arrival.ts'
import type { CookieTransport } from './cookie.ts'
import { subjectIn } from './identity.ts'
import { planned } from './records.ts'

/*
 * The option `migrateFrom`: a request without a cookie of ours may have the cookie of a different library. Its session becomes one of
 * ours with the first request that looks at it.
 *
 * The token of our session is derived from the foreign cookie, so that parallel first requests meet in one record: the first one
 * inserts it, by compare-and-set. A marker beside the record says, until the foreign deadline, that the session was taken over: where
 * the record is gone by then, the session has ended here, and is not taken over again. A request that has come between the two
 * writes finds a marker that is young, or none, and the tombstone that each end of such a session leaves: an insert is refused there.
 */

/** What the request begins with. */
export interface Arrived {
  readonly stored: Stored
  readonly data: Payload
  readonly token: string | null
  readonly arrival: Arrival
}

type Refusal = { readonly refused: Rejection | ForeignRejection['rejected'] | 'ended', readonly id: string | null }

/** How long a process may take from the marker to the record: within this time a marker without a record says nothing. */
const MARKER_YOUNG_MS = 60_000

/**
 * Finds the session of a different library that a request brings along. What is no session is an event, never an error.
 *
 * @throws BackendUnavailableError where the store of the library fails
 */
export function * findArrival (registration: Registration, cookies: CookieTransport): Flow<Arrived | null> {
  for (const reader of registration.readers) {
    const answer = yield * read(reader, cookies)
    if (answer === null) continue
    const arrived = 'rejected' in answer ? yield * finished(registration, reader, answer) : yield * received(registration, reader, answer)
    if ('arrival' in arrived) return arrived
    registration.publish(cookies, 'rejected', arrived.id, { reason: arrived.refused })
  }
  return null
}

function * read (reader: SessionReader, { foreign }: CookieTransport): Flow<ForeignSession | ForeignRejection | null> {
  let answer: ForeignSession | ForeignRejection | null
  try {
    answer = yield * wait(reader.read(foreign))
  } catch (error) {
    throw new BackendUnavailableError(`The sessions of ${reader.name} cannot be read`, { cause: harmlessCause(error, null) })
  }
  const isAnswer = answer === null || (typeof answer === 'object' && ('rejected' in answer || typeof answer.secret === 'string'))
  if (isAnswer) return answer
  throw new BackendContractError(`read() of the reader of ${reader.name} must answer with a session, a rejection or null`)
}

/** Where the library's record is gone because this library has removed it, the session is ours already. */
function * finished (registration: Registration, reader: SessionReader, { rejected, secret }: ForeignRejection): Flow<Arrived | Refusal> {
  if (reader.clear === true && secret !== undefined && !registration.keeping.isInCookie) {
    const found = yield * findStored(registration, reader, { secret, expiresAt: null }, identityOf(registration, reader, secret))
    if ('arrival' in found) return found
  }
  return { refused: rejected, id: null }
}

function * received (registration: Registration, reader: SessionReader, session: ForeignSession): Flow<Arrived | Refusal> {
  const { keeping, store } = registration
  const now = registration.now()
  const { expiresAt } = session
  if (expiresAt !== null && expiresAt <= now) return { refused: 'expired', id: null }
  if (keeping.isInCookie) return begun(registration, reader, session, { ...keeping.newIdentity(), token: null })
  const identity = identityOf(registration, reader, session.secret)
  const found = yield * findStored(registration, reader, session, identity)
  if ('arrival' in found || found.refused !== 'unknown') return found
  const marker = yield * store.read(markerIdOf(identity.id))
  const hasEnded = isRecord(marker) && Math.abs(now - marker.createdAt) >= MARKER_YOUNG_MS
  if (hasEnded || isRecord(yield * store.read(barrierId(registration)))) return { refused: 'ended', id: identity.id }
  return begun(registration, reader, session, identity)
}

/** Our session of the foreign cookie, where a request of before has stored it. */
function * findStored (
  registration: Registration, reader: SessionReader, session: Pick<ForeignSession, 'secret' | 'expiresAt' | 'remove'>,
  { id, token }: Identity
): Flow<Arrived | Refusal> {
  const { store } = registration
  const found = store.examine(yield * store.read(id), id)
  if (found.rejected !== undefined) return { refused: found.rejected, id }
  return { stored: found.stored, data: found.data, token, arrival: new Arrival(id, true, reader, session) }
}

/** What a session has that a different library kept. */
const NO_RECORD = Object.freeze({ policy: null, meta: null })

/** The session as the request sees it, stored nowhere as yet. */
function begun (
  registration: Registration, reader: SessionReader, session: ForeignSession, { id, token }: Identity
): Arrived | Refusal {
  const payload = registration.store.codec.received(session.data, session.schemaVersion ?? 0)
  if ('rejected' in payload) return { refused: payload.rejected, id }
  const { snapshot, data } = payload
  const origin = { registration, id, createdAt: createdAtOf(session, registration.now()), isUse: true }
  const subject = session.subject ?? subjectIn(registration, snapshot) ?? null
  const isDerived = (session.subject ?? null) === null && subject !== null
  const { policy: before, meta } = session.record ?? NO_RECORD
  const policy = session.expiresAt === null ? before : { ...before, until: session.expiresAt }
  const draft = { ...snapshot, subject, policy, meta: metaOf(meta, isDerived) }
  const stored = planned(origin, null, draft)
  return { stored, data, token, arrival: new Arrival(id, false, reader, session) }
}

function createdAtOf ({ record }: ForeignSession, now: Instant): Instant {
  return Math.min(record?.createdAt ?? now, now)
}

/** What is known of the sign-in stays with the session; marks and successors are those of the store it comes from. */
function metaOf (meta: SessionMeta | null, isDerived: boolean): SessionMeta {
  const { signedInAt, level, labels, about } = meta ?? {}
  return {
    ...(signedInAt !== undefined && { signedInAt }),
    ...(level !== undefined && { level }),
    ...(labels !== undefined && { labels }),
    ...(about !== undefined && { about }),
    ...(isDerived && { derived: true }),
    arrived: true
  }
}

/** Whoever has the foreign cookie has our token, and nobody else: a foreign store that leaks holds no cookie. */
function identityOf ({ settings: { property }, keeping }: Registration, reader: SessionReader, secret: string): Identity {
  return keeping.newIdentity(hash('sha256', JSON.stringify(['fastsessions', 'arrival', property, reader.name, secret]), 'base64url'))
}

function barrierId ({ settings: { property } }: Registration): string { return hash('sha256', `arrived ${property}: all`, 'hex') }

/** After `revokeAll()` nothing comes in any more: the sessions which had come in were to end, and their markers are gone. */
export function * closeArrivals (registration: Registration): Flow<void> {
  if (registration.readers.length === 0 || registration.keeping.isInCookie) return
  const now = registration.now()
  const barrier = tombstone(barrierId(registration), now)
  yield * registration.store.putBlindly(freezeRecord({ ...barrier, expiresAt: now + LONGEST_COOKIE_MS }))
}
