import type { FastifyRequest } from 'fastify'
import type { Instant, SessionPolicy, SessionRecord, WriteContext } from '../../types/index.d.ts'
import { randomVersion } from '../crypto/random.ts'

const MAX_VERSION = 2 ** 48 - 1
/** How long a tombstone is needed: longer than any request that creates the session, or still works with the ended session. */
export const TOMBSTONE_MS = 300_000
/** Nodes judge a tombstone by their own clocks, which may be so far apart. */
const CLOCKS_APART_MS = 3_600_000

/** Freezes a record with its policy, as the core hands records to backends: no backend can change a session by accident. */
export function freezeRecord (record: SessionRecord): SessionRecord {
  if (record.policy !== null) Object.freeze(record.policy)
  return Object.freeze(record)
}

/**
 * The record which an ended session leaves under its id for a while, so that no write of a request under way brings the
 * session back: a write that expects "absent" or an earlier version finds the id taken. A tombstone has no data, no load
 * takes a tombstone for a session, and no listing shows a tombstone.
 *
 * @param policy `{ successor }` where the session goes on under a new id
 */
export function tombstone (id: string, now: Instant, policy: SessionPolicy | null = null): SessionRecord {
  return freezeRecord({
    id,
    version: randomVersion(),
    data: '',
    schemaVersion: 1,
    createdAt: now,
    lastAccessedAt: now,
    expiresAt: now + TOMBSTONE_MS + CLOCKS_APART_MS,
    subject: null,
    policy
  })
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
    (record.policy === null || isPolicy(record.policy))
}

function isPolicy (value: unknown): value is SessionPolicy {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { idleTimeout, absoluteTimeout, persistent, successor, mark } = value as Record<string, unknown>
  return (idleTimeout === undefined || isInteger(idleTimeout, 1)) &&
    (absoluteTimeout === undefined || absoluteTimeout === null || isInteger(absoluteTimeout, 1)) &&
    (persistent === undefined || typeof persistent === 'boolean') &&
    (successor === undefined || typeof successor === 'string') &&
    (mark === undefined || isInteger(mark, 1))
}

function isInteger (value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}
