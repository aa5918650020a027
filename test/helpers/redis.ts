import { Redis, type RedisOptions } from 'ioredis'
import type { FastifyBaseLogger } from 'fastify'
import { type RedisBackendOptions, RedisBackend, type RedisClient } from '../../lib/redis.ts'
import { freezeRecord } from '../../lib/record/record.ts'
import { randomBytes, randomVersion } from '../../lib/crypto/random.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { sharedServer } from './servers.ts'

interface Test { teardown (end: () => unknown): unknown }

/** A prefix that no other test has. */
export function newPrefix (): string { return `t${process.pid}_${randomBytes(6).toString('hex')}:` }

export async function sharedRedis (t: Test, options: RedisOptions = {}): Promise<Redis> {
  return redisAt(t, await sharedServer('redis'), options)
}

export function redisAt (t: Test, url: string, options: RedisOptions = {}): Redis {
  const client = new Redis(url, options as object)
  client.on('error', () => {})
  t.teardown(() => { client.disconnect() })
  return client
}

export function newRecord (overrides: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now()
  return freezeRecord({
    id: randomBytes(32).toString('hex'),
    version: randomVersion(),
    data: '{"key":"value"}',
    schemaVersion: 1,
    createdAt: now,
    lastAccessedAt: now,
    expiresAt: now + 3_600_000,
    subject: null,
    policy: null,
    ...overrides
  })
}

export function nextOf (record: SessionRecord, overrides: Partial<SessionRecord> = {}): SessionRecord {
  return freezeRecord({ ...record, version: randomVersion(), ...overrides })
}

/** A backend as a registration uses it, its warnings, and its clock. */
export function bound (client: RedisClient, { property = 'session', ...options }: RedisBackendOptions & { property?: string } = {}): { backend: RedisBackend, warnings: string[], clock: { now: number } } {
  const warnings: string[] = []
  const clock = { now: Date.now() }
  const log = { warn: (message: string) => { warnings.push(message) } } as unknown as FastifyBaseLogger
  const backend = new RedisBackend(client, { prefix: newPrefix(), ...options })
    .bind({ property, now: () => clock.now, secrets: [], cookie: { name: 'session' }, timeout: 5_000, log })
  return { backend, warnings, clock }
}
