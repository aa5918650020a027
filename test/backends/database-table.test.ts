import { type Generated, type Kysely, type Migration, Migrator, sql } from 'kysely'
import t from 'tap'
import { createSessionTable, DatabaseBackend, migration, sessionMigration } from '../../lib/database.ts'
import { contextOf, DATABASES, freshTable, openDatabase, records } from '../helpers/databases.ts'

const { record } = records({ now: Date.now() })

async function indexesOf (db: Kysely<any>, name: string, table: string): Promise<string[]> {
  const query = name === 'PostgreSQL' || name === 'PGlite'
    ? sql<{ name: string }>`select indexname as name from pg_indexes where tablename = ${table}`
    : name === 'MariaDB'
      ? sql<{ name: string }>`select distinct index_name as name from information_schema.statistics where table_name = ${table}`
      : sql<{ name: string }>`select name from sqlite_master where type = 'index' and tbl_name = ${table}`
  return (await query.execute(db)).rows.map(({ name }) => name).sort()
}

for (const name of DATABASES) {
  t.test(`on ${name} creating the table twice, or from two nodes at once, changes nothing`, async t => {
    const { db } = await openDatabase(t, name)
    const table = freshTable(t, db)
    await Promise.all([createSessionTable(db, { table }), createSessionTable(db, { table })])
    const backend = new DatabaseBackend(db, { table, pool: false }).bind(contextOf())
    const written = record()
    await backend.write(written.id, written, 0)
    await createSessionTable(db, { table })
    t.match(await backend.read(written.id), written)
    t.equal((await indexesOf(db, name, table)).length, 7, 'a primary key, two indexes, and one for each label')
    await t.rejects(createSessionTable(db, { table, ifNotExists: false }), /exists/)
  })

  t.test(`on ${name} the indexes of two tables with long names do not meet`, async t => {
    const { db } = await openDatabase(t, name)
    const prefix = 'x'.repeat(49)
    for (const table of [freshTable(t, db, prefix), freshTable(t, db, prefix)]) {
      await createSessionTable(db, { table })
      t.equal((await indexesOf(db, name, table)).length, 7)
    }
  })
}

t.test('the migration creates the table and drops it', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ one: migration, two: sessionMigration({ table: 'admins', columns: { id: 'sid' } }) }) } })
  t.notOk((await migrator.migrateToLatest()).error)
  for (const options of [{}, { table: 'admins', columns: { id: 'sid' } }]) await new DatabaseBackend(db, options).bind(contextOf()).prepare()
  for (let times = 0; times < 2; times++) t.notOk((await migrator.migrateDown()).error)
  await t.rejects(new DatabaseBackend(db).bind(contextOf()).prepare(), /has no table/)
})

t.test('the types take a Kysely of the application\'s own tables, and its migrations', async t => {
  interface Tables { users: { id: Generated<number>, name: string } }
  const db: Kysely<Tables> = (await openDatabase(t, 'SQLite in memory')).db
  await createSessionTable(db)
  const migrations: Record<string, Migration> = { '2026-11-21-sessions': migration }
  t.equal(await new DatabaseBackend(db, { extra: ({ subject }) => ({ user: subject }) }).read('a'.repeat(64)), null)
  t.equal(Object.keys(migrations).length, 1)
})

t.test('bad options of the table are refused', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  await t.rejects(createSessionTable({} as never), { code: 'SES_INVALID_OPTIONS', message: /Expected `createSessionTable.db` to be a Kysely instance, got an object of Object/ })
  await t.rejects(createSessionTable(db, { ifNotExists: 1 as never }), /Expected `createSessionTable.ifNotExists` to be true or false, got 1/)
  await t.rejects(createSessionTable(db, { table: '' }), /Expected `createSessionTable.table` to be a name/)
  t.throws(() => sessionMigration({ columns: { sid: 'x' } as never }), /Unknown option `sessionMigration.columns.sid`; the nearest known one is `sessionMigration.columns.id`/)
})

t.test('a table of PostgreSQL leaves room in its pages for rows that change', async t => {
  for (const name of ['PostgreSQL', 'PGlite'] as const) {
    const { db } = await openDatabase(t, name)
    const table = freshTable(t, db)
    await createSessionTable(db, { table, extra: { tenant: 'text' } })
    const { rows } = await sql<{ reloptions: string[] }>`select reloptions from pg_class where relname = ${table}`.execute(db)
    t.strictSame(rows, [{ reloptions: ['fillfactor=80'] }])
  }
})
