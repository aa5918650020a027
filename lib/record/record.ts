import type { FastifyRequest } from 'fastify'
import type { Instant, SecretRenewal, SessionMeta, SessionPolicy, SessionRecord, WriteContext } from '../../types/index.d.ts'
import { randomVersion } from '../crypto/random.ts'

const MAX_VERSION = 2 ** 48 - 1
/** How long a tombstone is needed: longer than any request that creates the session, or still works with the ended session. */
export const TOMBSTONE_MS = 300_000
/** Nodes judge a tombstone by their own clocks, which may be so far apart. */
const CLOCKS_APART_MS = 3_600_000
/** How long a store keeps a tombstone. */
export const TOMBSTONE_LIFE_MS = TOMBSTONE_MS + CLOCKS_APART_MS

/**
 * How long a session lives under a new id, as long as the old id may be alive. If the process dies between the two writes of a
 * sign-in, no client has the new token. An odd number, which no idle timeout has: `isOrphan` goes by it.
 */
const UNCONFIRMED_MS = TOMBSTONE_LIFE_MS + 1

/** A record for the time between the two writes of a sign-in. `touch` with the record itself makes the session one like any other. */
export function unconfirmed (record: SessionRecord): SessionRecord {
  return freezeRecord({ ...record, expiresAt: Math.min(record.expiresAt, record.lastAccessedAt + UNCONFIRMED_MS) })
}

const NO_RENEWAL: SecretRenewal = Object.freeze({ counter: 0, renewedAt: 0, acknowledgedAt: 0 })

/** Where the secrets of a session stand (`renewSecretEvery`); number 0 for a session that began without them. */
export function renewalOf (meta: SessionMeta | null): SecretRenewal { return meta?.renewal ?? NO_RENEWAL }

/** Whether a session has got a new id just now, so that its old id may be alive. */
export function isUnconfirmed ({ lastAccessedAt, expiresAt }: SessionRecord): boolean {
  return expiresAt === lastAccessedAt + UNCONFIRMED_MS
}

/** Whether a record has been unconfirmed for so long that its process must have died: nobody holds the session. */
export function isOrphan (record: SessionRecord, now: Instant): boolean {
  return isUnconfirmed(record) && now >= record.lastAccessedAt + TOMBSTONE_MS
}

/** Freezes a record with its policy and meta, as the core hands records to backends: no backend can change a session by accident. */
export function freezeRecord (record: SessionRecord): SessionRecord {
  if (record.policy !== null) Object.freeze(record.policy)
  if (record.meta !== null) Object.freeze(record.meta)
  return Object.freeze(record)
}

/**
 * The record which an ended session leaves under its id for a while, so that no write of a request under way brings the
 * session back: a write that expects "absent" or an earlier version finds the id taken. A tombstone has no data, no load
 * takes a tombstone for a session, and no listing shows a tombstone.
 *
 * @param meta `{ successor }` where the session goes on under a new id
 */
export function tombstone (id: string, now: Instant, meta: SessionMeta | null = null): SessionRecord {
  return freezeRecord({
    id,
    version: randomVersion(),
    data: '',
    schemaVersion: 1,
    createdAt: now,
    lastAccessedAt: now,
    expiresAt: now + TOMBSTONE_LIFE_MS,
    subject: null,
    policy: null,
    meta
  })
}

/** A tombstone without an id, as a pattern for those of many sessions (`RemoveOptions.ending`). */
export function endingAt (now: Instant, meta: SessionMeta): Omit<SessionRecord, 'id'> {
  const { id: _, ...ending } = tombstone('', now, meta)
  return ending
}

/** The request as a part of a `WriteContext`; an empty object for a write outside a request. */
export function withRequest (request: FastifyRequest | undefined): Pick<WriteContext, 'request'> {
  return request === undefined ? {} : { request }
}

/** Whether the answer of a backend is a valid record. Anything else in a store, such as a foreign entry, counts as no session. */
export function isRecord (value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Record<keyof SessionRecord, unknown>
  return typeof record.id === 'string' &&
    isInteger(record.version, 1) && (record.version as number) <= MAX_VERSION &&
    typeof record.data === 'string' &&
    isInteger(record.schemaVersion, 1) &&
    isInteger(record.createdAt, 0) &&
    isInteger(record.lastAccessedAt, 0) &&
    isInteger(record.expiresAt, 0) &&
    (record.subject === null || typeof record.subject === 'string') &&
    (record.policy === null || isPolicy(record.policy)) &&
    (record.meta === null || record.meta === undefined || isMeta(record.meta))
}

function isPolicy (value: unknown): value is SessionPolicy {
  if (!isObject(value)) return false
  const { idleTimeout, absoluteTimeout, persistent, until } = value
  return (idleTimeout === undefined || isInteger(idleTimeout, 1)) &&
    (absoluteTimeout === undefined || absoluteTimeout === null || isInteger(absoluteTimeout, 1)) &&
    (persistent === undefined || typeof persistent === 'boolean') &&
    (until === undefined || isInteger(until, 0))
}

function isMeta (value: unknown): value is SessionMeta {
  return isObject(value) && Object.entries(value).every(([name, member]) => META_CHECKS.get(name)?.(member) ?? true)
}

/** What a later version of this library keeps beside, this version leaves alone. */
const META_CHECKS: ReadonlyMap<string, (value: unknown) => boolean> = new Map(Object.entries({
  signedInAt: (value: unknown) => isInteger(value, 0),
  level: isText,
  labels: (value: unknown) => Array.isArray(value) && value.every(isText),
  about: isObject,
  mark: (value: unknown) => [value].flat().every(mark => isInteger(mark, 1)),
  successor: isText,
  reason: isText,
  arrived: (value: unknown) => typeof value === 'boolean',
  renewal: isRenewal,
  pending: (value: unknown) => Array.isArray(value) && value.every(isPending),
  moved: (value: unknown) => isInteger(value, 0)
}))

function isRenewal (value: unknown): boolean {
  if (!isObject(value)) return false
  const { counter, renewedAt, acknowledgedAt = 0, previousAcknowledgedAt = 0 } = value
  return isInteger(counter, 1) && [renewedAt, acknowledgedAt, previousAcknowledgedAt].every(instant => isInteger(instant, 0))
}

function isPending (value: unknown): boolean { return Array.isArray(value) && isText(value[0]) && isInteger(value[1], 0) }

function isText (value: unknown): value is string { return typeof value === 'string' }

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isInteger (value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}
