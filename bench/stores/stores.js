// Ours and the peers' stores on real servers, behind one small interface: write and read of a session by its number.
import { createHash, randomInt } from 'node:crypto'
import connectPg from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import session from 'express-session'
import { Redis } from 'ioredis'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createClient } from 'redis'
import { createSessionTable, DatabaseBackend } from '../../dist/database.js'

const HOUR_MS = 3_600_000
const MAX_VERSION = 2 ** 48 - 1

/** About 200 bytes, as JSON. */
export const payload = {
  user: { id: 4711, name: 'Ada Lovelace', email: 'ada@example.com', roles: ['editor', 'author'] },
  basket: [{ sku: 'tea-100', count: 2 }, { sku: 'honey-1', count: 1 }],
  theme: 'dark',
  csrf: 'kP3bT9wZq1xR7vYc'
}
export const data = JSON.stringify(payload)

export const idOf = n => createHash('sha256').update(String(n)).digest('hex')

export function recordOf (n, overrides = {}) {
  const now = Date.now()
  return {
    id: idOf(n), version: randomInt(1, MAX_VERSION), data, schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + HOUR_MS, subject: null, policy: null, meta: null, ...overrides
  }
}

const context = { property: 'session', now: Date.now, secrets: [], cookie: { name: 'session' }, timeout: 5_000, log: { warn: console.warn, debug () {} } }

export async function redisOurs (url) {
  const { RedisBackend } = await import('../../dist/redis.js')
  const client = new Redis(url)
  const backend = new RedisBackend(client).bind(context)
  return { ...ours(backend), close: () => client.quit() }
}

export async function redisPeer (url) {
  const client = createClient({ url })
  await client.connect()
  return { ...express(new RedisStore({ client, ttl: 3_600 })), close: () => client.close() }
}

export async function postgresOurs (url, table = 'sessions', options = {}) {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  pool.on('error', () => {})
  pool.on('connect', client => { client.on('error', () => {}) })
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) })
  await createSessionTable(db, { table })
  const backend = new DatabaseBackend(db, { table, pool, ...options }).bind(context)
  await backend.prepare()
  return { ...ours(backend), backend, db, pool, close: () => db.destroy() }
}

export async function postgresPeer (url) {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  pool.on('error', () => {})
  const PgStore = connectPg(session)
  const store = new PgStore({ pool, tableName: 'peer', createTableIfMissing: true, pruneSessionInterval: false })
  return { ...express(store), pool, close: () => pool.end() }
}

/** The version that was read last is what a write expects, as in a request. */
function ours (backend) {
  return {
    create: async n => { await backend.write(idOf(n), recordOf(n), 0, { data: payload }) },
    read: async n => await backend.read(idOf(n)),
    async write (n) {
      const record = await backend.read(idOf(n))
      await backend.write(record.id, { ...record, version: randomInt(1, MAX_VERSION) }, record.version, { data: payload })
    }
  }
}

function express (store) {
  const stored = () => ({ cookie: { originalMaxAge: HOUR_MS, expires: new Date(Date.now() + HOUR_MS).toISOString(), httpOnly: true, path: '/' }, ...payload })
  const call = (method, ...args) => new Promise((resolve, reject) => { store[method](...args, (error, result) => { error ? reject(error) : resolve(result) }) })
  const set = async n => { await call('set', idOf(n).slice(0, 32), stored()) }
  return {
    create: set,
    read: async n => await call('get', idOf(n).slice(0, 32)),
    async write (n) {
      await call('get', idOf(n).slice(0, 32))
      await set(n)
    }
  }
}

/** Runs something for each number below `count`, so many at a time. */
export async function forAll (count, inFlight, run) {
  let next = 0
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (next < count) await run(next++)
  }))
}

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
