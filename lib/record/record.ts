import type { FastifyRequest } from 'fastify'
import type { SessionPolicy, SessionRecord, WriteContext } from '../../types/index.d.ts'

const MAX_VERSION = 2 ** 48 - 1

/** A record as the core hands it to a backend: frozen through and through. */
export function freezeRecord (record: SessionRecord): SessionRecord {
  if (record.policy !== null) Object.freeze(record.policy)
  return Object.freeze(record)
}

/** For a `WriteContext`: there only where there is one. */
export function withRequest (request: FastifyRequest | undefined): Pick<WriteContext, 'request'> {
  return request === undefined ? {} : { request }
}

/** Whether a backend's answer is a record at all. A store holds what others wrote too; nonsense counts as no session. */
export function isRecord (value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Record<keyof SessionRecord, unknown>
  return typeof record.id === 'string' &&
    isInteger(record.version, 1) && (record.version as number) <= MAX_VERSION &&
    typeof record.data === 'string' &&
    isInteger(record.schemaVersion, 1) &&
    isInteger(record.createdAt, 0) && isInteger(record.lastAccessedAt, 0) && isInteger(record.expiresAt, 0) &&
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
