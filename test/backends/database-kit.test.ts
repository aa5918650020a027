import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely'
import t from 'tap'
import { testBackend } from '../../lib/testing/index.ts'
import { DATABASES, freshBackend, freshTable, openDatabase, pgPool } from '../helpers/databases.ts'
import { sharedServer } from '../helpers/servers.ts'

const promises = { atomic: true, expires: true, touch: true, exists: true, list: true, count: true, removeExpired: true, removeAll: true, removeSubject: true }

for (const name of DATABASES) {
  t.test(`${name} keeps every promise of a backend`, async t => {
    const { db } = await openDatabase(t, name)
    await testBackend(t, () => freshBackend(t, db), promises)
  })

  // PGlite is PostgreSQL, and slow to start. SQLite spells names alike in memory and in a file.
  if (name === 'PGlite' || name === 'SQLite in memory') continue
  t.test(`${name} keeps them with a plugin that spells every name differently`, async t => {
    const { db } = await openDatabase(t, name, { plugins: [new CamelCasePlugin({ upperCase: true })] })
    await testBackend(t, () => freshBackend(t, db, { table: freshTable(t, db, 'camelCase') }), promises)
  })

  t.test(`${name} keeps them with names that need quoting, and with columns of the application's own`, async t => {
    const { db } = await openDatabase(t, name)
    await testBackend(t, async () => {
      const table = freshTable(t, db, 'my "sessions" `of` \'users\'')
      const columns = { id: 'the "id"', expiresAt: 'expires at desc', data: 'order', subject: 'o\'clock' }
      const backend = await freshBackend(t, db, { table, columns, extra: ({ subject }) => ({ 'select `me`': subject }) })
      await db.schema.alterTable(table).addColumn('select `me`', name === 'MariaDB' ? sql`text character set utf8mb4` : 'text').execute()
      return backend
    }, promises)
  })
}

t.test('MySQL keeps them when it counts rows changed, not rows found', async t => {
  const { db } = await openDatabase(t, 'MariaDB', { flags: ['-FOUND_ROWS'] })
  await testBackend(t, () => freshBackend(t, db), promises)
})

t.test('PostgreSQL keeps them in another schema', async t => {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const schema = freshTable(t, db, 'my "schema"')
  await db.schema.createSchema(schema).execute()
  t.teardown(() => db.schema.dropSchema(schema).cascade().execute())
  await testBackend(t, () => freshBackend(t, db, { schema, table: freshTable(t, db) }), promises)
})

t.test('PostgreSQL keeps them with statements that are prepared on the server', async t => {
  const pool = pgPool(await sharedServer('postgres'))
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  await testBackend(t, () => freshBackend(t, db, { pool }), promises)
})
