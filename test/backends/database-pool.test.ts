import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Kysely, MysqlDialect, PostgresDialect, sql } from 'kysely'
import { createPool } from 'mysql2'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions } from '../../lib/database.ts'
import { contextOf, freshBackend, freshTable, logTo, openDatabase, pgPool, records } from '../helpers/databases.ts'
import { ownServer, sharedServer } from '../helpers/servers.ts'

const { record } = records({ now: Date.now() })

async function warningsOf (t: Test, pool: pg.Pool, option: DatabaseBackendOptions['pool']) {
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  const table = freshTable(t, db)
  await createSessionTable(db, { table })
  const logs: string[] = []
  await new DatabaseBackend(db, { table, ...(option !== undefined && { pool: option }) }).bind(contextOf({ log: logTo(logs) })).prepare()
  return logs
}

const newPool = async () => new pg.Pool({ connectionString: await sharedServer('postgres') })

t.test('a pool of pg without listeners for errors is warned about', async t => {
  const pool = await newPool()
  const message = 'warn: pg\'s pool has no listeners for errors, so that a connection that the server closes ends the whole process; ' +
    'add pool.on(\'error\', () => {}); pool.on(\'connect\', client => { client.on(\'error\', () => {}) })'
  t.strictSame(await warningsOf(t, pool, pool), [message])
  const half = await newPool()
  half.on('error', () => {})
  t.strictSame(await warningsOf(t, half, half), [message])
  const other = await newPool()
  other.on('connect', client => { client.on('error', () => {}) })
  t.strictSame(await warningsOf(t, other, other), [message])
})

t.test('one with both is not', async t => {
  const pool = pgPool(await sharedServer('postgres'))
  t.strictSame(await warningsOf(t, pool, pool), [])
})

t.test('without the pool it cannot be checked, which is said once, and false turns it off', async t => {
  t.match(await warningsOf(t, pgPool(await sharedServer('postgres')), undefined), [/^warn: without listeners for errors on pg's pool, .* hand the pool to DatabaseBackend as `pool`/])
  t.strictSame(await warningsOf(t, await newPool(), false), [])
})

t.test('PGlite has no connections that could be closed', async t => {
  const { db } = await openDatabase(t, 'PGlite')
  await createSessionTable(db)
  const logs: string[] = []
  await new DatabaseBackend(db).bind(contextOf({ log: logTo(logs) })).prepare()
  t.strictSame(logs, [])
})

/** A process in the middle of a long query, with its exit code and its output. */
function reader (t: Test, url: string, listens: boolean) {
  const program = `
    import { Kysely, PostgresDialect, sql } from 'kysely'
    import pg from 'pg'
    const pool = new pg.Pool({ connectionString: ${JSON.stringify(url)}, max: 2 })
    if (${listens}) {
      pool.on('error', () => {})
      pool.on('connect', client => { client.on('error', () => {}) })
    }
    const db = new Kysely({ dialect: new PostgresDialect({ pool }) })
    await sql\`select 1\`.execute(db)
    console.log('reading')
    await sql\`select pg_sleep(60)\`.execute(db).catch(() => console.log('failed'))
    await new Promise(resolve => { setTimeout(resolve, 100) })
    console.log('alive')
    process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, NODE_OPTIONS: '' } })
  t.teardown(() => { child.kill('SIGKILL') })
  let output = ''
  child.stdout.on('data', chunk => { output += String(chunk) })
  return { child, reading: once(child.stdout, 'data'), ended: once(child, 'close').then(([code]) => ({ code: code as number, output })) }
}

t.test('PostgreSQL that is killed during a query ends a process without the listeners, and not one with them', async t => {
  for (const listens of [true, false]) {
    const server = await ownServer(t, 'postgres')
    const { reading, ended } = reader(t, server.url, listens)
    await reading
    await server.kill()
    const { code, output } = await ended
    t.equal(code === 0, listens)
    t.equal(output.includes('alive'), listens)
  }
})

t.test('a backend goes on once PostgreSQL is back, after it was killed', async t => {
  const server = await ownServer(t, 'postgres')
  const pool = pgPool(server.url)
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  await createSessionTable(db)
  const backend = new DatabaseBackend(db, { pool }).bind(contextOf())
  const written = record()
  await backend.write(written.id, written, 0)
  const reads = Array.from({ length: 20 }, () => backend.read(written.id).catch(() => null))
  await server.kill()
  await Promise.all(reads)
  await t.rejects(async () => await backend.read(written.id))
  await server.start()
  t.match(await backend.read(written.id), written)
})

t.test('a backend goes on once MariaDB is back, after it was killed', async t => {
  const server = await ownServer(t, 'mysql', '--innodb-flush-log-at-trx-commit=1')
  const db = new Kysely<any>({ dialect: new MysqlDialect({ pool: createPool(server.url) }) })
  t.teardown(() => db.destroy())
  await createSessionTable(db)
  const backend = new DatabaseBackend(db).bind(contextOf())
  const written = record()
  await backend.write(written.id, written, 0)
  const waiting = sql`select sleep(60)`.execute(db).catch(() => null)
  await server.kill()
  await waiting
  await t.rejects(async () => await backend.read(written.id))
  await server.start()
  t.match(await backend.read(written.id), written)
})

t.test('connections that an administrator ends are replaced', async t => {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const table = freshTable(t, db)
  await createSessionTable(db, { table })
  const backend = new DatabaseBackend(db, { table, pool: false })
  await t.rejects(async () => await sql`select pg_terminate_backend(pg_backend_pid())`.execute(db))
  // The pool may learn of the broken connection only when the connection is taken again.
  t.equal(await backend.read('a'.repeat(64)).catch(() => backend.read('a'.repeat(64))), null)
})

t.test('with the pool statements are prepared on the server, once a connection', async t => {
  const pool = pgPool(await sharedServer('postgres'), 1)
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  const backend = await freshBackend(t, db, { pool })
  const written = record()
  await backend.write(written.id, written, 0)
  for (let times = 0; times < 3; times++) t.match(await backend.read(written.id), written)
  const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements where name like 'fastsessions\\_%' order by prepare_time`.execute(db)
  t.strictSame(rows.map(({ statement }) => statement.slice(0, 6)), ['insert', 'select'])
})

t.test('a pool of another database than Kysely\'s stops the start', async t => {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const server = await ownServer(t, 'postgres')
  const pool = pgPool(server.url)
  t.teardown(() => pool.end())
  const backend = (await freshBackend(t, db, { pool })).bind(contextOf())
  await t.rejects(backend.prepare(), { code: 'SES_INVALID_OPTIONS', message: /Expected `DatabaseBackend.pool` to be the pool that Kysely uses/ })
  await server.kill()
  await t.rejects(backend.prepare(), { code: 'ECONNREFUSED' }, 'one that cannot be reached now may be the right one')
})
