import { sql } from 'kysely'
import t from 'tap'
import { DatabaseBackend } from '../../lib/database.ts'
import { testBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { contextOf, type DatabaseName, DATABASES, databaseBench, oldTable, openDatabase, records } from '../helpers/databases.ts'

const { record, next } = records({ now: Date.now() })

/** What each database says of the statements of a listing by label. */
const EXPLAIN: Readonly<Partial<Record<DatabaseName, string>>> = { 'SQLite in memory': 'explain query plan', PostgreSQL: 'explain' }

// The kit is long, and what differs without the columns is the same on all databases.
for (const name of ['SQLite in memory', 'PostgreSQL'] as const) {
  t.test(`on ${name} a table of version 0.1.0 keeps every promise but those of labels`, async t => {
    const { db } = await openDatabase(t, name)
    await testBackend(t, async () => new DatabaseBackend(db, { table: await oldTable(t, db), pool: false }), { removeLabel: false, labels: false })
  })
}

for (const name of DATABASES) {
  t.test(`on ${name} labels in such a table are an error with the statements that add the columns, and work once these are there`, async t => {
    const { db } = await openDatabase(t, name)
    const table = await oldTable(t, db)
    const backend = new DatabaseBackend(db, { table, pool: false }).bind(contextOf())
    await backend.prepare()
    const written = record({ subject: 'alice', meta: { labels: ['x'] } })
    const uses = [
      () => backend.write(written.id, written, 0), () => backend.list({ label: 'x' }), () => backend.count({ label: 'x' }), () => backend.removeLabel('x', {})
    ]
    let statements: string[] = []
    for (const use of uses) {
      const error = await Promise.resolve(use()).then(() => null, (error: Error) => error)
      t.match(error, { code: 'SES_INVALID_OPTIONS', message: `The table "${table}" has no columns for labels. Add them, and start the application anew on every node:\n` })
      statements = error!.message.split('\n').slice(1)
    }
    t.equal(await backend.read(written.id), null, 'nothing was stored')
    t.equal(statements.length, 8)
    for (const statement of statements) await sql.raw(statement.replace(/;$/, '')).execute(db)
    t.equal(await backend.write(written.id, written, 0), written.id)
    t.equal(await backend.removeLabel('x', {}), 1)
  })

  t.test(`on ${name} the columns have the labels of the session that stands, and are empty under a tombstone`, async t => {
    const database = await openDatabase(t, name)
    const { backend, root, clock, record } = await databaseBench(t, database)
    const first = record({ subject: 'alice', meta: { labels: ['x', 'y', 'x', 'z', 'u'] } })
    const second = next(first, { meta: { labels: ['y'] } })
    const columns = async () => Object.values((await database.db.selectFrom(root.place.table).select(['label_1', 'label_2', 'label_3', 'label_4', 'subject']).execute())[0]!)
    await backend.write(first.id, first, 0)
    t.strictSame(await columns(), ['x', 'y', 'z', 'u', 'alice'])
    await backend.write(first.id, second, first.version)
    t.strictSame(await columns(), ['y', null, null, null, 'alice'])
    const { id: _, ...ending } = record({ data: '', meta: { reason: 'revoked' }, expiresAt: clock.now + 1 })
    t.equal(await backend.removeLabel('y', { ending }), 1)
    t.strictSame(await columns(), [null, null, null, null, null])
    clock.now += 1
    t.equal(await backend.removeExpired({}), 1)
  })
}

for (const [name, explain] of Object.entries(EXPLAIN)) {
  t.test(`${name} finds the sessions of a label by the indexes of the columns`, async t => {
    const database = await openDatabase(t, name as DatabaseName)
    const { backend, root, record } = await databaseBench(t, database)
    const { db } = database
    const { table } = root.place
    const columns = ['label_1', 'label_2', 'label_3', 'label_4']
    const written = record()
    await backend.write(written.id, written, 0)
    const row = (await db.selectFrom(table).selectAll().execute())[0]!
    const rows = Array.from({ length: 3_000 }, (_, n) => ({ ...row, id: `${n}`, ...Object.fromEntries(columns.map((column, at) => [column, `org:${n}:${at}`])) }))
    for (let start = 0; start < rows.length; start += 500) await db.insertInto(table).values(rows.slice(start, start + 500)).execute()
    await sql`analyze`.execute(db)
    const values = columns.map(column => sql`${sql.ref(column)} = ${'org:7:0'}`)
    const query = sql`${sql.raw(explain)} select id from ${sql.table(table)} where property = ${'session'} and expires_at > ${1} and data <> ${''} and (${sql.join(values, sql` or `)}) and id > ${''} order by id limit 100`
    const plan = JSON.stringify((await query.execute(db)).rows)
    for (const column of columns) t.match(plan, `${column}_index`)
  })
}

t.test('more labels than columns, and texts that are too long for them, are refused', async t => {
  const { backend, record } = await databaseBench(t, await openDatabase(t, 'SQLite in memory'))
  for (const [labels, message] of [
    [['a', 'b', 'c', 'd', 'e'], '`labels` must be at most 4 in a database, and are 5'],
    [['x'.repeat(256)], '`labels` must have at most 255 characters in a database, and has 256']
  ] as const) {
    const written = record({ meta: { labels } })
    await t.rejects(backend.write(written.id, written, 0), { code: 'SES_NOT_SERIALIZABLE', message: new RegExp(message) })
  }
})

t.test('a database that is down when the columns are looked for is asked again', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  const backend = new DatabaseBackend(db).bind(contextOf())
  const written = record()
  await t.rejects(backend.write(written.id, written, 0), /no such table/)
  await db.schema.createTable('sessions').addColumn('id', 'text').execute()
  await t.rejects(backend.write(written.id, written, 0), /has no column named/)
})

t.test('an application starts on a table of version 0.1.0', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  const table = await oldTable(t, db)
  const site = await createSite(t, { backend: new DatabaseBackend(db, { table }) })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('alice'))
  t.equal((await browser.run(({ session }) => session.subject)).body, 'alice')
})
