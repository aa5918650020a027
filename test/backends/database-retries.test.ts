import SQLite from 'better-sqlite3'
import { Kysely, type LogEvent, sql, SqliteDialect } from 'kysely'
import t, { type Test } from 'tap'
import { createSessionTable, DatabaseBackend } from '../../lib/database.ts'
import { retryTransient } from '../../lib/backends/database/statement.ts'
import { databaseBench, type DatabaseName, freshTable, openDatabase, records } from '../helpers/databases.ts'

/** Whether a removal from this table waits for a lock. Not read from `innodb_trx`, whose rows are up to 100 ms old. */
const isWaiting: Partial<Record<DatabaseName, (db: Kysely<any>, table: string) => Promise<boolean>>> = {
  async MariaDB (db, table) {
    const { rows: [report] } = await sql<{ Status: string }>`show engine innodb status`.execute(db)
    return report!.Status.split('---TRANSACTION').some(text => text.includes('LOCK WAIT') && text.includes(`delete from \`${table}\``))
  },
  async PostgreSQL (db, table) {
    const { rows } = await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like ${`delete from "${table}"%`}`.execute(db)
    return rows.length > 0
  }
}

/** A statement that locks a row and waits for a second row, while a transaction holds the second row and waits for the first. */
async function deadlock (t: Test, name: DatabaseName) {
  const database = await openDatabase(t, name)
  const { db } = database
  const { backend, record, root } = await databaseBench(t, database)
  const { table } = root.place
  const weight = freshTable(t, db, 'weight')
  await db.schema.createTable(weight).addColumn('n', 'integer').execute()
  const [first, second] = ['1', '2'].map(digit => record({ id: digit.repeat(64), subject: 'ada' }))
  for (const session of [first!, second!]) await backend.write(session.id, session, 0)
  database.sent()
  const removed = await db.transaction().execute(async transaction => {
    // MariaDB gives up the side that has changed fewer rows, PostgreSQL the side whose timer runs out first.
    if (name === 'PostgreSQL') await sql`set local deadlock_timeout = '1min'`.execute(transaction)
    await transaction.insertInto(weight).values(Array.from({ length: 100 }, (_, n) => ({ n }))).execute()
    const write = (id: string) => transaction.updateTable(table).set({ data: '{}' }).where('id', '=', id).execute()
    await write(second!.id)
    const removing = backend.removeSubject('ada', {})
    while (!await isWaiting[name]!(db, table));
    await write(first!.id)
    return { removing }
  })
  t.equal(await removed.removing, 2)
  t.ok(database.sent().filter(text => text.startsWith('delete')).length > 1, 'it was sent again')
}

t.test('a statement that MariaDB gives up in a deadlock is sent again', async t => { await deadlock(t, 'MariaDB') })
t.test('a statement that PostgreSQL gives up in a deadlock is sent again', async t => { await deadlock(t, 'PostgreSQL') })

/** A database file that a second process writes to; `end` resolves when the process has ended. */
async function busyFile (t: Test) {
  const path = `${t.testdir({})}/sessions.db`
  const other = new SQLite(path)
  let failures = 0
  let onFailure = () => {}
  const log = ({ level }: LogEvent) => {
    if (level !== 'error') return
    failures++
    onFailure()
  }
  const db = new Kysely<any>({ dialect: new SqliteDialect({ database: new SQLite(path, { timeout: 0 }) }), log })
  t.teardown(async () => {
    other.close()
    await db.destroy()
  })
  await createSessionTable(db)
  other.exec('begin immediate')
  return { backend: new DatabaseBackend(db), other, failures: () => failures, whenFailed: (act: () => void) => { onFailure = act } }
}

const { record } = records({ now: Date.now() })

t.test('a write to a SQLite file that is busy is tried again', async t => {
  const { backend, other, failures, whenFailed } = await busyFile(t)
  whenFailed(() => { if (failures() === 2) other.exec('commit') })
  const written = record()
  t.equal(await backend.write(written.id, written, 0), written.id)
  t.equal(failures(), 2)
})

t.test('it gives up after six tries, with the database\'s error', async t => {
  const { backend, failures } = await busyFile(t)
  const written = record()
  await t.rejects(backend.write(written.id, written, 0), { code: 'SQLITE_BUSY' })
  t.equal(failures(), 6)
})

t.test('it is not tried again after two seconds: nobody waits for it any more', async t => {
  const clock = { now: 0 }
  let tries = 0
  const run = async () => {
    tries++
    clock.now += 1_001
    throw Object.assign(new Error('Lock wait timeout exceeded'), { errno: 1205 })
  }
  await t.rejects(retryTransient(run, () => clock.now), /Lock wait timeout/)
  t.equal(tries, 2)
})

t.test('what is no passing trouble is not tried again', async t => {
  const database = await openDatabase(t, 'SQLite in memory')
  const { backend, root } = await databaseBench(t, database)
  await database.db.schema.dropTable(root.place.table).execute()
  database.sent()
  await t.rejects(backend.read('a'.repeat(64)), /no such table/)
  t.equal(database.sent().length, 1)
})

t.test('whatever a driver throws arrives', async t => {
  const thrown = 'not even an error'
  const database = { prepare () { throw thrown }, close () {} }
  const db = new Kysely<any>({ dialect: new SqliteDialect({ database: database as never }) })
  for (const act of ['read', 'prepare'] as const) t.equal(await new DatabaseBackend(db)[act]('a'.repeat(64)).catch((error: unknown) => error), thrown)
})
