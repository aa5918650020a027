// The stores of migrating.js, as options of a registration: for the program `fastsessions` and for applications.
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createSessionTable, DatabaseBackend } from '../dist/database.js'
import sessions, { MemoryBackend } from '../dist/index.js'
import { RedisBackend } from '../dist/redis.js'
import { forAll, payload } from './stores/stores.js'

export const IN_FLIGHT = 32

export const openStores = {
  memory: async () => new MemoryBackend(),
  redis: async ({ redis }, name) => new RedisBackend(new Redis(redis), { prefix: `${name}:` }),
  async postgres ({ postgres }, table) {
    const pool = new pg.Pool({ connectionString: postgres, max: 10 })
    pool.on('error', () => {})
    pool.on('connect', client => { client.on('error', () => {}) })
    const db = new Kysely({ dialect: new PostgresDialect({ pool }) })
    await createSessionTable(db, { table })
    return new DatabaseBackend(db, { table, pool })
  }
}

/** Stores so many sessions in a backend, and answers with their cookies. */
export async function fill (backend, count) {
  const app = Fastify()
  await app.register(sessions, { backend })
  const cookies = []
  await forAll(count, IN_FLIGHT, async n => { cookies.push((await app.sessions.create(payload, { subject: `user ${n}` })).cookie) })
  return cookies
}

export async function filled (backend, count) {
  await fill(backend, count)
  return backend
}
