import type { SessionMeta, SessionRecord, WriteContext } from '../../types/index.d.ts'
import { randomVersion } from '../crypto/random.ts'
import { SessionSerializationError } from '../errors.ts'
import type { Stored } from '../payload/codec.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { deadlineOf, isRenewalDue, isSamePolicy, mayStand, usedAt } from '../record/lifetime.ts'
import { freezeRecord } from '../record/record.ts'
import type { Draft } from './draft.ts'
import { noteReplacement } from './replacements.ts'
import { type Bearer, isSecretDue, renewalAfter, withRenewal } from './secrets.ts'
import type { SessionState } from './state.ts'

type Content = Snapshot & Pick<Draft, 'subject' | 'policy' | 'meta'> & Partial<Pick<Draft, 'assigned'>>

/** The session whose record is made: a request's session (`SessionState`), or its `Successor` under a new id. */
export interface Origin extends Bearer {
  readonly id: string
  readonly createdAt: number
  /** Whether the application asked for the deadline to move. */
  readonly isTouchForced?: boolean
}

/**
 * A draft as the session to store in place of `theirs`: a new version, deadlines from this moment (unless the request does
 * not count as use).
 *
 * @param theirs the session which is stored; `null` for the first write
 * @param writtenAs the `schemaVersion` which the data came with
 */
export function toStore (origin: Origin, theirs: Stored | null, draft: Content, writtenAs = theirs?.record.schemaVersion ?? 1): Stored {
  const { text, tree } = draft
  const record = recordOf(origin, theirs, draft, writtenAs, origin.registration.store.codec.toData(text, theirs?.record.id ?? origin.id))
  if (theirs !== null) noteReplacement(theirs.record.version, record.version, draft.assigned)
  return { record, text, tree }
}

/**
 * The session to store, as yet without the data of its record: of the sessions that a group commit goes through, only the last
 * is made text and sealed.
 */
export function planned (origin: Origin, theirs: Stored | null, draft: Content, writtenAs = theirs?.record.schemaVersion ?? 1): Stored {
  const record = recordOf(origin, theirs, draft, writtenAs, '')
  if (theirs !== null) noteReplacement(theirs.record.version, record.version, draft.assigned)
  return { record, get text () { return draft.text }, tree: draft.tree }
}

/** A planned session with the data of its record. Throws `SessionSerializationError`. */
export function sealed ({ registration: { store: { codec } } }: Origin, { record, text, tree }: Stored): Stored {
  return { record: freezeRecord({ ...record, data: codec.toData(text, record.id) }), text, tree }
}

function recordOf (
  origin: Origin, theirs: Stored | null, { subject, policy, meta }: Content, writtenAs: number, data: string
): SessionRecord {
  const { settings: { lifetime }, store: { codec } } = origin.registration
  const id = theirs?.record.id ?? origin.id
  const createdAt = theirs?.record.createdAt ?? origin.createdAt
  const keepsTimes = theirs !== null && stands(origin, theirs.record, policy)
  const lastAccessedAt = keepsTimes ? theirs.record.lastAccessedAt : lastUseOf(origin, theirs?.record ?? null)
  return freezeRecord({
    id,
    version: randomVersion(),
    data,
    // Data of a newer deployment keep their version.
    schemaVersion: Math.max(codec.schemaVersion, writtenAs),
    createdAt,
    lastAccessedAt,
    expiresAt: deadlineOf({ createdAt, lastAccessedAt, policy }, lifetime),
    subject,
    policy,
    meta: metaOf(origin, theirs, meta)
  })
}

/**
 * Whether a write leaves the deadline where it is, until a renewal is due: the store then has no index and no time to live to move with
 * each write. Where a parallel request has asked for a later deadline, the version is another, and the deadline that of the later record.
 */
function stands (origin: Origin, record: SessionRecord, policy: SessionRecord['policy']): boolean {
  const { isTouchForced = false, registration } = origin
  const { keeping, settings } = registration
  if (keeping.isInCookie || isTouchForced || !isSamePolicy(policy, record.policy) || isSecretDue(origin, record)) return false
  const now = registration.now()
  return now - record.lastAccessedAt < settings.seenEveryMs && mayStand(record, settings.lifetime, now)
}

function metaOf (origin: Origin, theirs: Stored | null, given: SessionMeta | null | undefined): SessionMeta | null {
  // Absent from what a backend of the application's own keeps from 0.1.0.
  const meta = given ?? null
  const renewal = renewalAfter(origin, theirs?.record ?? null)
  // What was within bounds at the sign-in must not become too large by a new secret.
  return theirs === null ? withinBounds(withRenewal(meta, renewal)) : withRenewal(withinBounds(meta), renewal)
}

const MAX_META_BYTES = 2_048

/** Every backend has room for so much; labels and levels with many quotes may take more. */
function withinBounds (meta: SessionMeta | null): SessionMeta | null {
  const bytes = meta === null || Object.isFrozen(meta) ? 0 : Buffer.byteLength(JSON.stringify(meta))
  if (bytes <= MAX_META_BYTES) return meta
  throw new SessionSerializationError('labels', `and level take ${bytes} bytes as JSON, and may take ${MAX_META_BYTES}`)
}

function lastUseOf (origin: Origin, record: SessionRecord | null): number {
  const now = origin.registration.now()
  if (record === null) return Math.max(origin.createdAt, now)
  return origin.isUse ? usedAt(record, now) : record.lastAccessedAt
}

/** Whether the deadline of a session to store has come already. */
export function isOver ({ registration }: Pick<Origin, 'registration'>, { record }: Stored): boolean {
  return record.expiresAt <= registration.now()
}

/** The deadlines of a stored session which is used now, and not changed. */
export function deadlinesOf (origin: Origin, { record }: Stored): Pick<SessionRecord, 'lastAccessedAt' | 'expiresAt'> {
  const { createdAt, policy } = record
  const lastAccessedAt = lastUseOf(origin, record)
  return { lastAccessedAt, expiresAt: deadlineOf({ createdAt, lastAccessedAt, policy }, origin.registration.settings.lifetime) }
}

/**
 * Whether an unchanged session is to be written all the same: the deadline is due, the cookie was sealed with an old secret, or the
 * secret in the cookie is to be renewed.
 *
 * @param base the session as it is stored
 */
export function isRenewal (state: SessionState, base: Stored | null = state.base): boolean {
  const { token, route, isTouchForced, registration } = state
  if (base === null) return false
  if (isTouchForced || registration.keeping.isStale(token!) || isSecretDue(state, base.record)) return true
  if (route.passive) return false
  const { settings: { lifetime, seenEveryMs } } = registration
  const now = registration.now()
  return now - base.record.lastAccessedAt >= seenEveryMs || isRenewalDue(base.record, lifetime, now)
}

/** What the backend is told about a write beside the record. */
export function writeContextOf (state: SessionState, text: string): WriteContext {
  return state.registration.store.writeContext(text, state.cookies.request)
}
