import SQLite from 'better-sqlite3'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions, type SqliteLike } from '../../lib/database.ts'
import { testBackend } from '../../lib/testing/index.ts'
import { retryTransient } from '../../lib/backends/database/statement.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { crowded } from '../helpers/crowded.ts'
import { contextOf, databaseBench, freshBackend, openHandle } from '../helpers/databases.ts'
import { newRecord, nextOf } from '../helpers/records.ts'

const TOGETHER = ['begin immediate', 'commit']
const ids = (records: ReadonlyArray<{ id: string }>) => records.map(({ id }) => id)

/** The part of a handle of node:sqlite. */
function nodeHandle (database: SQLite.Database): SqliteLike {
  return {
    prepare (text) {
      const statement = database.prepare(text)
      return { all: (...values) => statement.all(...values), run: (...values) => statement.run(...values) }
    },
    exec: text => database.exec(text),
    get isTransaction () { return database.inTransaction }
  }
}

/** A backend on SQLite with `pool`, and sessions that are stored. */
async function bench (t: Test, count = 0, opened = openHandle(t), options: DatabaseBackendOptions = {}) {
  const bench = await databaseBench(t, opened, { pool: opened.database, ...options })
  const stored = Array.from({ length: count }, () => bench.record())
  for (const session of stored) await bench.backend.write(session.id, session, 0)
  const replace = (records: readonly SessionRecord[], expected: readonly SessionRecord[]) =>
    Promise.all(records.map((record, n) => bench.backend.write(record.id, record, expected[n]!.version)))
  opened.sent()
  opened.executed()
  return { ...bench, ...opened, table: bench.root.place.table, stored, replace }
}

const handles: Readonly<Record<string, (database: SQLite.Database) => SqliteLike>> = { 'better-sqlite3': database => database, 'node:sqlite': nodeHandle }

for (const [name, poolOf] of Object.entries(handles)) {
  t.test(`SQLite keeps every promise of a backend with the handle of ${name}`, async t => {
    const { db, database } = openHandle(t)
    const pool = poolOf(database)
    await testBackend(t, () => freshBackend(t, db, { pool }))
    await testBackend(t, async () => crowded(await freshBackend(t, db, { pool })))
  })
}

t.test('a handle in a file keeps them, too', async t => {
  const { db, database } = openHandle(t, `${t.testdir({})}/sessions.db`)
  database.pragma('journal_mode = WAL')
  await testBackend(t, async () => crowded(await freshBackend(t, db, { pool: database })))
})

t.test('all writes of one turn are one transaction, whatever they are, and nothing goes through Kysely', async t => {
  const { backend, stored, record, next, sent, executed } = await bench(t, 5)
  const [a, b, c, d, e] = stored as [SessionRecord, SessionRecord, SessionRecord, SessionRecord, SessionRecord]
  const made = record()
  t.strictSame(await Promise.all([
    backend.write(made.id, made, 0),
    backend.write(a.id, next(a), a.version),
    backend.write(b.id, next(b), next(b).version),
    backend.touch(c.id, c),
    backend.write(d.id, next(d, { data: '' }), d.version),
    backend.remove(e.id)
  ]), [made.id, a.id, b, true, d.id, undefined])
  t.strictSame(executed(), TOGETHER)
  t.strictSame(await backend.readMany([made.id, e.id]), [made, null])
  t.strictSame([sent(), executed()], [[], []])
})

t.test('a write alone is no transaction', async t => {
  const { backend, stored: [first], next, sent, executed } = await bench(t, 1)
  await backend.write(first!.id, next(first!), first!.version)
  t.strictSame([sent(), executed()], [[], []])
})

t.test('more than a hundred writes are several transactions', async t => {
  const { backend, stored, next, executed, replace } = await bench(t, 250)
  const later = stored.map(session => next(session))
  t.strictSame(await replace(later, stored), ids(stored))
  t.strictSame(executed(), [...TOGETHER, ...TOGETHER, ...TOGETHER])
  t.strictSame(await backend.readMany(ids(stored)), later)
})

t.test('of writes of one version in one turn one wins', async t => {
  const { stored: [first], next, executed, replace } = await bench(t, 1)
  const rivals = Array.from({ length: 20 }, () => next(first!))
  const answers = await replace(rivals, rivals.map(() => first!))
  t.strictSame(answers, [first!.id, ...Array.from({ length: 19 }, () => rivals[0]!)])
  t.strictSame(executed(), TOGETHER)
})

for (const [what, action] of [['refuses', 'abort'], ['rolls back for', 'rollback']]) {
  t.test(`a row that the database ${what} fails alone`, async t => {
    const { backend, db, table, stored, next, sent, executed } = await bench(t, 4)
    await sql`create trigger ${sql.id(`${table} bad`)} before update on ${sql.id(table)} when new.data = 'bad' begin select raise(${sql.raw(action!)}, 'it is bad'); end`.execute(db)
    sent()
    const later = stored.map((session, n) => next(session, { data: n === 2 ? 'bad' : 'good' }))
    const outcomes = await Promise.allSettled(later.map((session, n) => backend.write(session.id, session, stored[n]!.version)))
    t.match(outcomes, [{ value: later[0]!.id }, { value: later[1]!.id }, { reason: { message: 'it is bad' } }, { value: later[3]!.id }])
    t.equal(sent().length, 4, 'each was sent again through Kysely')
    t.strictSame(executed(), action === 'abort' ? ['begin immediate', 'rollback'] : ['begin immediate'])
    t.strictSame((await backend.readMany(ids(stored))).map(record => record!.data), ['good', 'good', stored[2]!.data, 'good'])
  })
}

t.test('a transaction of the application takes in no statement of ours, and its rollback undoes none', async t => {
  const { backend, db, table, stored, next, replace } = await bench(t, 3)
  const later = stored.map(session => next(session))
  const transaction = await db.startTransaction().execute()
  await transaction.updateTable(table).set({ data: 'of the application' }).execute()
  let isDone = false
  const asked = [replace(later, stored), replace([next(stored[0]!)], stored), backend.readMany(ids(stored))].map(async answer => {
    await answer
    isDone = true
    return answer
  })
  await transaction.selectFrom(table).selectAll().execute()
  t.equal(isDone, false)
  await transaction.rollback().execute()
  const [answers, , read] = await Promise.all(asked)
  t.strictSame(answers, ids(stored))
  t.ok((read as SessionRecord[]).every(record => record.data === stored[0]!.data))
  t.strictSame(await backend.readMany(ids(stored)), later)
})

t.test('a transaction that begins between a write and the end of the turn takes the usual way', async t => {
  const { backend, database, stored, next, sent, executed, replace } = await bench(t, 3)
  for (const some of [stored.slice(0, 2), stored.slice(2)]) {
    const later = some.map(session => next(session))
    const replacing = replace(later, some)
    // The writes are collected: what a write looks up before it is answered by now.
    for (let n = 0; n < 20; n++) await Promise.resolve()
    database.exec('begin')
    t.strictSame(await replacing, ids(some))
    database.exec('commit')
    t.strictSame(executed(), ['begin', 'commit'])
    t.equal(sent().length, some.length)
    t.strictSame(await backend.readMany(ids(some)), later)
  }
})

t.test('writes wait while the application reads rows one by one', async t => {
  const { backend, db, table, stored, next, replace } = await bench(t, 3)
  const [a, b, c] = stored as [SessionRecord, SessionRecord, SessionRecord]
  const writing = []
  for await (const row of db.selectFrom(table).select('id').where('id', '=', a.id).stream()) {
    t.equal(row['id'], a.id)
    writing.push(replace([next(a), next(b)], [a, b]), replace([next(c)], [c]))
    t.strictSame(await backend.read(c.id), c, 'a read does not')
    await new Promise(resolve => { setImmediate(resolve) })
    writing.push(replace([next(b)], [b]))
    await new Promise(resolve => { setImmediate(resolve) })
  }
  t.match(await Promise.all(writing), [[a.id, b.id], [c.id], [{ id: b.id }]])
})

t.test('a handle that cannot tell whether a transaction is open gets nothing past Kysely', async t => {
  const { db, database, sent, executed } = openHandle(t)
  const { prepare, exec } = nodeHandle(database)
  const { backend, record, next } = await databaseBench(t, { db, sent }, { pool: { prepare, exec } })
  const stored = [record(), record()]
  sent()
  executed()
  await Promise.all(stored.map(session => backend.write(session.id, session, 0)))
  await Promise.all(stored.map(session => backend.write(session.id, next(session), session.version)))
  await backend.readMany(ids(stored))
  t.equal(sent().length, 6)
  t.strictSame(executed(), [])
})

/** A file that a second process writes to. */
async function busyFile (t: Test) {
  const path = `${t.testdir({})}/sessions.db`
  const other = new SQLite(path)
  const opened = openHandle(t, path, { timeout: 0 })
  t.teardown(() => { other.close() })
  const { stored, ...more } = await bench(t, 3, opened, { table: 'sessions' })
  other.exec('begin immediate')
  return { other, stored, ...more }
}

t.test('a transaction in a file that is busy is tried again as a whole', async t => {
  const { database, other, stored, next, sent, executed, replace } = await busyFile(t)
  const { exec } = database
  let begun = 0
  database.exec = text => {
    if (text === 'begin immediate' && ++begun === 3) other.exec('commit')
    return exec(text)
  }
  t.strictSame(await replace(stored.map(session => next(session)), stored), ids(stored))
  t.strictSame(executed(), ['begin immediate', 'begin immediate', ...TOGETHER])
  t.strictSame(sent(), [])
})

t.test('of a file that stays busy each row tells, after six tries of all together', async t => {
  const { backend, stored, next, sent, executed } = await busyFile(t)
  const outcomes = await Promise.allSettled(stored.map(session => backend.write(session.id, next(session), session.version)))
  t.match(outcomes, stored.map(() => ({ status: 'rejected', reason: { code: 'SQLITE_BUSY' } })))
  t.strictSame(executed(), Array.from({ length: 6 }, () => 'begin immediate'))
  t.strictSame(sent(), [])
})

t.test('node:sqlite says by a number that a file is busy', async t => {
  for (const errcode of [5, 6, 517]) {
    let tries = 0
    await retryTransient(async () => { if (++tries === 1) throw Object.assign(new Error('database is locked'), { code: 'ERR_SQLITE_ERROR', errcode }) })
    t.equal(tries, 2)
  }
  const failed = Object.assign(new Error('no such table'), { code: 'ERR_SQLITE_ERROR', errcode: 1 })
  await t.rejects(retryTransient(async () => { throw failed }), { code: 'ERR_SQLITE_ERROR', errcode: 1 })
})

t.test('a handle that Kysely does not use stops the start, even on the same file', async t => {
  const path = `${t.testdir({})}/sessions.db`
  const { db, database } = openHandle(t, path)
  await createSessionTable(db)
  const other = new SQLite(path)
  t.teardown(() => { other.close() })
  const prepare = (pool: SqliteLike) => new DatabaseBackend(db, { pool }).bind(contextOf()).prepare()
  const message = 'Expected `DatabaseBackend.pool` to be the Database that Kysely uses, got an object of Database; Kysely uses a different one'
  await t.rejects(prepare(other), { code: 'SES_INVALID_OPTIONS', message })
  await t.resolves(Promise.all([prepare(database), prepare(database)]))
  await t.resolves(prepare(database))
})

t.test('nothing waits any more once Kysely is closed', async t => {
  const { db, database } = openHandle(t)
  await createSessionTable(db)
  const backend = new DatabaseBackend(db, { pool: database }).bind(contextOf())
  const [first, second] = [newRecord(), newRecord()]
  await backend.write(first.id, first, 0)
  const asked = [first, second].map(session => backend.write(session.id, nextOf(session), session.version))
  const outcomes = Promise.allSettled(asked)
  await backend.close()
  await db.destroy()
  await outcomes
  await t.rejects(backend.write(first.id, nextOf(first), first.version))
  await t.rejects(backend.read(first.id), 'each has an answer')
})
