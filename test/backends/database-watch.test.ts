import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { DatabaseBackend, type DatabaseBackendOptions, type PoolLike } from '../../lib/database.ts'
import { contextOf, freshBackend, freshTable, openDatabase, pgPool } from '../helpers/databases.ts'
import { ownProxy } from '../helpers/proxy.ts'
import { newRecord, nextOf } from '../helpers/records.ts'
import { sharedServer } from '../helpers/servers.ts'
import { listening, openEar, until } from '../helpers/watching.ts'

const url = await sharedServer('postgres')

/** A process on a table, with a pool of its own. */
async function processOn (t: Test, table: string, { pool = pgPool(url), property = 'session', ...options }: DatabaseBackendOptions & { pool?: pg.Pool, property?: string } = {}) {
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  return { db, pool, backend: new DatabaseBackend(db, { table, pool, ...options }).bind(contextOf({ property })) }
}

async function newTable (t: Test): Promise<string> {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const table = freshTable(t, db)
  await freshBackend(t, db, { table })
  return table
}

/** The processes of PostgreSQL that listen, among those with this name. */
async function listeners (db: Kysely<any>, name: string): Promise<number[]> {
  const rows = await db.selectFrom('pg_stat_activity').select(['pid', 'query']).where('application_name', '=', name).where('query', 'like', 'listen %').execute()
  return rows.map(({ pid }) => Number(pid))
}

t.test('endings of a process that does not watch are reported, and all changes of one that does', async t => {
  const table = await newTable(t)
  const [watching, other] = [await processOn(t, table), await processOn(t, table)]
  const ear = await listening(t, watching.backend)
  t.equal(ear.watch.reportsOnlyEndings, true)
  const record = newRecord({ subject: 'alice', meta: { labels: ['staff'] } })
  const tombstone = { ...nextOf(record, { data: '', subject: null, meta: null }) }
  const { id: _, ...ending } = tombstone
  for (const deed of [
    () => other.backend.remove(record.id),
    () => other.backend.write(record.id, nextOf(record, { data: '', expiresAt: 0 }), record.version),
    () => other.backend.write(record.id, nextOf(record, { data: '', expiresAt: 0 })),
    () => other.backend.write(record.id, tombstone, record.version),
    () => other.backend.write(record.id, tombstone),
    () => other.backend.removeSubject('alice', {}),
    () => other.backend.removeSubject('alice', { ending }),
    () => other.backend.removeLabel('staff', {}),
    () => other.backend.removeLabel('staff', { ending })
  ]) {
    await other.backend.write(record.id, record)
    ear.heard.length = 0
    await deed()
    await ear.hears(record.id)
    await other.backend.remove(record.id)
  }
  // Nobody has this id, so that only the tombstone of a revocation can be heard.
  const mark = newRecord({ data: '' })
  await other.backend.write(mark.id, mark)
  await ear.hears(mark.id)
  ear.heard.length = 0
  await other.backend.removeAll()
  await ear.hears(null)
  const next = nextOf(record)
  await other.backend.write(record.id, record, 0)
  ear.heard.length = 0
  await other.backend.write(record.id, next, record.version)
  await watching.backend.write(record.id, nextOf(record), next.version)
  await ear.hears(record.id)
  t.strictSame(ear.heard, [record.id], 'reports come in the order of the commits')
})

t.test('more than a thousand endings at once are told as one', async t => {
  const table = await newTable(t)
  const { backend } = await processOn(t, table)
  const ear = await listening(t, backend)
  const records = Array.from({ length: 1_001 }, () => newRecord({ subject: 'alice' }))
  await Promise.all(records.map(record => backend.write(record.id, record, 0)))
  ear.heard.length = 0
  t.equal(await backend.removeSubject('alice', {}), 1_001)
  await ear.hears(null)
})

t.test('registrations and tables on a pool share a connection, hear of their own, and close it together', async t => {
  const [first, second] = [await newTable(t), await newTable(t)]
  const name = `watch-${process.pid}`
  const pool = new pg.Pool({ connectionString: url, application_name: name, max: 1 })
  pool.on('error', () => {})
  const { db, backend } = await processOn(t, first, { pool })
  const bind = (table: string, property: string) => new DatabaseBackend(db, { table, pool }).bind(contextOf({ property }))
  const backends = [backend, bind(first, 'admin'), bind(second, 'session')]
  const ears = []
  for (const one of backends) ears.push(await listening(t, one))
  t.equal((await listeners(db, name)).length, 1, 'and a pool of one connection goes on')
  for (const [n, one] of backends.entries()) {
    for (const { heard } of ears) heard.length = 0
    const record = newRecord()
    await one.write(record.id, record, 0)
    await one.remove(record.id)
    await ears[n]!.hears(record.id)
    t.strictSame(ears.map(({ heard }) => heard.includes(record.id)), ears.map((_, other) => other === n))
  }
  await ears[1]!.watch.close()
  await ears[1]!.watch.close()
  t.strictSame(ears.map(({ watch }) => watch.isLive), [true, false, true])
  const again = await listening(t, backends[1]!)
  for (const { watch } of [...ears, again]) await watch.close()
  await until(async () => (await listeners(db, name)).length === 0, 'the connection is still there')
})

t.test('a connection that the server ends is made anew, and anything may have changed', async t => {
  const table = await newTable(t)
  const name = `killed-${process.pid}`
  const pool = new pg.Pool({ connectionString: url, application_name: name })
  pool.on('error', () => {})
  pool.on('connect', client => { client.on('error', () => {}) })
  const { db, backend } = await processOn(t, table, { pool })
  const ear = await listening(t, backend)
  for (let round = 0; round < 2; round++) {
    for (const pid of await listeners(db, name)) await db.selectNoFrom(({ fn, val }) => fn('pg_terminate_backend', [val(pid)]).as('done')).execute()
    await ear.hears(null)
    await ear.lives()
    ear.heard.length = 0
    const record = newRecord()
    await backend.write(record.id, record, 0)
    await backend.remove(record.id)
    await ear.hears(record.id)
    ear.heard.length = 0
  }
})

t.test('a connection to PostgreSQL that is half open is not live within the lease, and is replaced', async t => {
  const table = await newTable(t)
  const proxy = await ownProxy(t, url)
  const { backend } = await processOn(t, table, { pool: pgPool(proxy.url) })
  const other = await processOn(t, table)
  const ear = await listening(t, backend, { lease: 300 })
  proxy.faults.isSilent = true
  t.ok(await ear.asks(2_800) <= 300, 'live for longer than the lease')
  proxy.heal()
  await ear.hears(null)
  await ear.lives()
  const record = newRecord()
  await other.backend.write(record.id, record, 0)
  await other.backend.remove(record.id)
  await ear.hears(record.id)
})

t.test('a server that is not there yet is asked again and again', async t => {
  const table = await newTable(t)
  const proxy = await ownProxy(t, url)
  proxy.faults.isRefusing = true
  const { backend } = await processOn(t, table, { pool: pgPool(proxy.url) })
  const ear = openEar(t, backend)
  t.equal(await ear.asks(250), -1)
  proxy.heal()
  await ear.lives()
})

t.test('behind a pooler that takes LISTEN and passes nothing on, it is never live', async t => {
  const table = await newTable(t)
  class Deaf extends pg.Client {
    override on (event: string, listener: (...args: any[]) => void): this { return event === 'notification' ? this : super.on(event as 'end', listener) }
  }
  const pool = Object.assign(pgPool(url), { Client: Deaf })
  const { backend } = await processOn(t, table, { pool })
  const ear = openEar(t, backend)
  await ear.hears(null)
  t.equal(await ear.asks(500), -1, 'live, and hears nothing')
})

t.test('a watch that is closed while it connects, or listens, leaves nothing behind', async t => {
  const table = await newTable(t)
  const name = `early-${process.pid}`
  const pool = new pg.Pool({ connectionString: url, application_name: name })
  pool.on('error', () => {})
  const { db, backend } = await processOn(t, table, { pool })
  const early = backend.watch(() => {})
  await early.close()
  const ear = await listening(t, backend)
  const second = new DatabaseBackend(db, { table, pool }).bind(contextOf({ property: 'other' })).watch(() => {})
  await second.close()
  t.equal(second.isLive, false)
  await ear.watch.close()
  await until(async () => (await listeners(db, name)).length === 0, 'a connection is still there')
})

t.test('without the pool of pg, or one that makes clients, nothing is watched', async t => {
  const { db } = await openDatabase(t, 'PostgreSQL')
  t.equal((await freshBackend(t, db)).watch, undefined)
  const { listenerCount, connect, query } = pgPool(url)
  const pool = { listenerCount, connect, query } as unknown as PoolLike
  t.equal((await freshBackend(t, db, { pool })).watch, undefined)
  for (const name of ['SQLite in memory', 'MariaDB'] as const) {
    const { db } = await openDatabase(t, name)
    t.equal((await freshBackend(t, db)).watch, undefined, name)
  }
})

t.test('a database that tells nothing ends sessions all the same, and is asked once', async t => {
  const table = await newTable(t)
  const asked: string[] = []
  const pool = pgPool(url)
  const query = pool.query.bind(pool) as any
  Object.assign(pool, {
    async query (config: { text: string }) {
      if (!config.text.includes('pg_notify')) return query(config)
      asked.push(config.text)
      throw Object.assign(new Error('unknown function: pg_notify()'), { code: '42883' })
    }
  })
  const { backend } = await processOn(t, table, { pool })
  const records = [newRecord(), newRecord()]
  for (const record of records) {
    await backend.write(record.id, record, 0)
    await backend.remove(record.id)
    t.equal(await backend.read(record.id), null)
  }
  t.equal(asked.length, 1)
})

t.test('an ending that the database refuses is an error, told or not', async t => {
  const table = await newTable(t)
  const { db, backend } = await processOn(t, table)
  await db.schema.dropTable(table).execute()
  await t.rejects(backend.remove(newRecord().id), { code: '42P01' })
})
