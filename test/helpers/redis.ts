import { type Cluster, Redis, type RedisOptions } from 'ioredis'
import type { FastifyBaseLogger } from 'fastify'
import { type RedisBackendOptions, RedisBackend, type RedisClient } from '../../lib/redis.ts'
import { freezeRecord } from '../../lib/record/record.ts'
import { randomBytes } from '../../lib/crypto/random.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import * as records from './records.ts'
import { sharedServer } from './servers.ts'

interface Test { teardown (end: () => unknown): unknown }

/** A prefix for the keys of this test alone. */
export function newPrefix (): string { return `t${process.pid}_${randomBytes(6).toString('hex')}:` }

export async function sharedRedis (t: Test, options: RedisOptions = {}): Promise<Redis> {
  return redisAt(t, await sharedServer('redis'), options)
}

export function redisAt (t: Test, url: string, options: RedisOptions = {}): Redis {
  return closedAfter(t, new Redis(url, options as object))
}

/** The client, which is closed at the end of the test, and whose errors are no exceptions. */
export function closedAfter<Client extends Redis | Cluster> (t: Test, client: Client): Client {
  client.on('error', () => {})
  t.teardown(() => { client.disconnect() })
  return client
}

/** A client whose commands go through `around`, which gets the name and the arguments, and sends by `send()`. */
export function watchedClient (
  client: RedisClient, around: (name: string, args: readonly unknown[], send: () => Promise<unknown>) => Promise<unknown>
): RedisClient {
  const createBuiltinCommand = (name: string) => {
    const { string: send } = client.createBuiltinCommand(name) as { string: (...args: unknown[]) => Promise<unknown> }
    const string = async (...args: unknown[]): Promise<unknown> => await around(name, args, () => send.apply(client, args))
    return { string, buffer: string }
  }
  return Object.assign(Object.create(client) as RedisClient, { createBuiltinCommand })
}

/** A frozen record, as the plugin hands records to a backend. */
export function newRecord (overrides: Partial<SessionRecord> = {}): SessionRecord {
  return freezeRecord(records.newRecord({ data: '{"key":"value"}', ...overrides }))
}

export function nextOf (record: SessionRecord, overrides: Partial<SessionRecord> = {}): SessionRecord {
  return freezeRecord(records.nextOf(record, overrides))
}

/** A backend bound as a registration binds it, with its warnings and its clock. */
export function bound (
  client: RedisClient, { property = 'session', ...options }: RedisBackendOptions & { property?: string } = {}
): { backend: RedisBackend, warnings: string[], clock: { now: number } } {
  const warnings: string[] = []
  const clock = { now: Date.now() }
  const log = { warn: (message: string) => { warnings.push(message) } } as unknown as FastifyBaseLogger
  const backend = new RedisBackend(client, { prefix: newPrefix(), ...options })
    .bind({ property, now: () => clock.now, secrets: [], cookie: { name: 'session' }, timeout: 5_000, log })
  return { backend, warnings, clock }
}
