import { randomBytes, randomVersion } from '../../lib/crypto/random.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { HOUR_MS } from './times.ts'

/** A record of a session that began now and ends in an hour. */
export function newRecord (overrides: Partial<SessionRecord> = {}, now = Date.now()): SessionRecord {
  return {
    id: randomBytes(32).toString('hex'),
    version: randomVersion(),
    data: '{"n":1}',
    schemaVersion: 1,
    createdAt: now,
    lastAccessedAt: now,
    expiresAt: now + HOUR_MS,
    subject: null,
    policy: null,
    meta: null,
    ...overrides
  }
}

/** The record that another write of the same session stores. */
export function nextOf (record: SessionRecord, overrides: Partial<SessionRecord> = {}): SessionRecord {
  return { ...record, version: randomVersion(), ...overrides }
}
