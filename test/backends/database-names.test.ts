import { CamelCasePlugin, ParseJSONResultsPlugin, sql } from 'kysely'
import t from 'tap'
import { createSessionTable, DatabaseBackend } from '../../lib/database.ts'
import { contextOf, databaseBench, freshTable, openDatabase, records } from '../helpers/databases.ts'

const { record } = records({ now: Date.now() })

t.test('columns may have other names; the rest keep theirs', async t => {
  const database = await openDatabase(t, 'SQLite in memory')
  const { backend, record, root } = await databaseBench(t, database, { columns: { id: 'sid', lastAccessedAt: 'seen' } })
  const written = record()
  await backend.write(written.id, written, 0)
  const [row] = await database.db.selectFrom(root.place.table).selectAll().execute()
  t.match(row, { sid: written.id, seen: written.lastAccessedAt, property: 'session', version: written.version, schema_version: 1 })
})

t.test('plugins of the application may rename columns, and parse what looks like JSON', async t => {
  const database = await openDatabase(t, 'SQLite in memory', { plugins: [new CamelCasePlugin({ upperCase: true }), new ParseJSONResultsPlugin()] })
  const { backend, record } = await databaseBench(t, database, { columns: { createdAt: 'createdAt' } })
  const written = record({ policy: { idleTimeout: 5 } })
  await backend.write(written.id, written, 0)
  t.strictSame(await backend.read(written.id), written)
  t.strictSame((await backend.list({})).sessions, [written])
})

t.test('a schema may be that of the Kysely instance', async t => {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const schema = freshTable(t, db)
  await db.schema.createSchema(schema).execute()
  t.teardown(() => db.schema.dropSchema(schema).cascade().execute())
  await createSessionTable(db.withSchema(schema))
  const backend = new DatabaseBackend(db.withSchema(schema), { pool: false })
  const written = record()
  await backend.write(written.id, written, 0)
  t.match(await db.withSchema(schema).selectFrom('sessions').select('id').execute(), [{ id: written.id }])
})

t.test('a schema of SQLite is an attached database, and one of MySQL a database', async t => {
  const { db: sqlite } = await openDatabase(t, 'SQLite in memory')
  await sql`attach database ':memory:' as ${sql.id('my aux')}`.execute(sqlite)
  const { db: mysql } = await openDatabase(t, 'MariaDB')
  const schema = freshTable(t, mysql)
  await sql`create database ${sql.id(schema)}`.execute(mysql)
  t.teardown(() => sql`drop database ${sql.id(schema)}`.execute(mysql))
  for (const [db, options] of [[sqlite, { schema: 'my aux' }], [mysql, { schema }]] as const) {
    for (let times = 0; times < 2; times++) await createSessionTable(db, options)
    const backend = new DatabaseBackend(db, options).bind(contextOf())
    await backend.prepare()
    const written = record({ subject: 'ada' })
    await backend.write(written.id, written, 0)
    t.match(await backend.read(written.id), written)
    t.equal(await backend.count({ subject: 'ada' }), 1)
    await t.rejects(createSessionTable(db, { ...options, ifNotExists: false }))
  }
})

t.test('subjects are told apart by case, accents and trailing spaces', async t => {
  for (const name of ['SQLite in memory', 'PostgreSQL', 'MariaDB'] as const) {
    const { backend, record } = await databaseBench(t, await openDatabase(t, name))
    const subjects = ['ada', 'Ada', 'ada ', 'âda']
    for (const subject of subjects) {
      const written = record({ subject })
      await backend.write(written.id, written, 0)
    }
    for (const subject of subjects) {
      t.equal(await backend.count({ subject }), 1, name)
      t.match((await backend.list({ subject })).sessions, [{ subject }])
      t.equal(await backend.removeSubject(subject, {}), 1)
    }
  }
})

t.test('what is no id reaches no statement', async t => {
  const database = await openDatabase(t, 'MariaDB')
  const { backend, record } = await databaseBench(t, database)
  const written = record({ subject: 'ada' })
  await backend.write(written.id, written, 0)
  database.sent()
  const odd = { ...written, id: 'é\0' }
  t.equal(await backend.read(odd.id), null)
  t.equal(await backend.write(odd.id, odd, 0), null)
  t.equal(await backend.touch(odd.id, odd), false)
  t.equal(await backend.exists(odd.id), false)
  await backend.remove(odd.id)
  t.strictSame(database.sent(), [])
  t.equal((await backend.list({ cursor: odd.id })).sessions.length, 1)
  t.equal(await backend.removeSubject('ada', { except: odd.id }), 1)
})

t.test('registrations with different properties share a table and do not see each other', async t => {
  const { bind, record } = await databaseBench(t, await openDatabase(t, 'SQLite in memory'))
  const [one, two] = [bind(), bind({ property: 'admin' })]
  const session = record({ subject: 'ada' })
  await one.write(session.id, session, 0)
  t.strictSame(await two.list({}), { sessions: [], cursor: null })
  t.equal(await two.count({ subject: 'ada' }), 0)
  t.equal(await two.removeSubject('ada', {}), 0)
  await two.removeAll()
  t.match(await one.read(session.id), session)
  t.equal(await one.count({}), 1)
})

t.test('a subject or a property that would be cut is refused', async t => {
  const { backend, root, record } = await databaseBench(t, await openDatabase(t, 'SQLite in memory'))
  const [longest, longer] = ['x'.repeat(255), 'x'.repeat(256)].map(subject => record({ subject })) as [ReturnType<typeof record>, ReturnType<typeof record>]
  t.equal(await backend.write(longest.id, longest, 0), longest.id)
  await t.rejects(backend.write(longer.id, longer, 0), { code: 'SES_NOT_SERIALIZABLE', detail: 'The session cannot be stored: `subject` must have at most 255 characters in a database, and has 256' })
  t.throws(() => root.bind(contextOf({ property: 'p'.repeat(65) })), { code: 'SES_INVALID_OPTIONS', message: /Expected `property` to be a name of up to 64 characters/ })
})

t.test('the longest subject fits in every database', async t => {
  for (const name of ['PostgreSQL', 'MariaDB'] as const) {
    const { backend, record } = await databaseBench(t, await openDatabase(t, name))
    const written = record({ subject: '漢'.repeat(255) })
    await backend.write(written.id, written, 0)
    t.equal(await backend.count({ subject: written.subject! }), 1, name)
  }
})

t.test('a row that is no session counts as absent, which is logged once and without its content', async t => {
  const database = await openDatabase(t, 'SQLite in memory')
  const { backend, logs, record, root } = await databaseBench(t, database)
  const [good, bad, worse] = [record(), record(), record()]
  for (const session of [good, bad, worse]) await backend.write(session.id, session, 0)
  const { table } = root.place
  await database.db.updateTable(table).set({ policy: 'secret{' }).where('id', '=', bad.id).execute()
  await database.db.updateTable(table).set({ version: 'secret' }).where('id', '=', worse.id).execute()
  for (const { id } of [bad, worse]) t.equal(await backend.read(id), null)
  t.strictSame(logs, ['warn: a row of the session table is no session; it counts as absent'])
  t.strictSame((await backend.list({})).sessions.map(({ id }) => id), [good.id])
  t.equal(await root.read(bad.id), null, 'and without a registration there is no log')
})

t.test('a driver may give policies as objects and integers as bigint', async t => {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const table = freshTable(t, db)
  await createSessionTable(db, { table })
  await sql`alter table ${sql.id(table)} alter column policy type jsonb using policy::jsonb`.execute(db)
  const backend = new DatabaseBackend(db, { table, pool: false })
  const written = record({ policy: { idleTimeout: 5, persistent: true } })
  await backend.write(written.id, written, 0)
  t.strictSame(await backend.read(written.id), written)
})
