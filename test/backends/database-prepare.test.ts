import { PGlite } from '@electric-sql/pglite'
import SQLite from 'better-sqlite3'
import { DummyDriver, Kysely, MssqlAdapter, MssqlQueryCompiler, MysqlDialect, PostgresDialect, SqliteDialect, SqliteIntrospector, sql } from 'kysely'
import { PGliteDialect } from 'kysely-pglite-dialect'
import { createPool } from 'mysql2'
import pg from 'pg'
import t from 'tap'
import { DatabaseBackend, createSessionTable } from '../../lib/database.ts'
import { createApp, createSite } from '../helpers/app.ts'
import { contextOf, DATABASES, freshTable, logTo, openDatabase, pgPool, records } from '../helpers/databases.ts'
import { sharedServer } from '../helpers/servers.ts'

const { record } = records({ now: Date.now() })
const prepared = async (db: Kysely<any>, options = {}) => { await new DatabaseBackend(db, { pool: false, ...options }).bind(contextOf()).prepare() }

for (const name of DATABASES) {
  t.test(`on ${name} a missing table stops the start, and the message has the statements that make it`, async t => {
    const { db } = await openDatabase(t, name)
    const table = freshTable(t, db, 'my sessions')
    const columns = { id: 'the id' }
    const error = await prepared(db, { table, columns }).then(() => null, (error: Error) => error)
    t.match(error, { code: 'SES_INVALID_OPTIONS', message: `The database has no table "${table}" for sessions. Call createSessionTable(db, options), use sessionMigration(options), or run:\n` })
    const statements = error!.message.split('\n').slice(1)
    t.equal(statements.length, 7)
    for (const statement of statements) await sql.raw(statement.replace(/;$/, '')).execute(db)
    await prepared(db, { table, columns })
    await createSessionTable(db, { table, columns })
    const backend = new DatabaseBackend(db, { table, columns })
    const written = record()
    await backend.write(written.id, written, 0)
    t.match(await backend.read(written.id), written)
  })

  t.test(`on ${name} a missing column stops the start, and the message names it`, async t => {
    const { db } = await openDatabase(t, name)
    const table = freshTable(t, db)
    await createSessionTable(db, { table, columns: { policy: 'rules', data: 'content' } })
    await t.rejects(prepared(db, { table, columns: { policy: 'rules' } }), {
      code: 'SES_INVALID_OPTIONS',
      message: new RegExp(`^The table "${table}" has no column "data" \\(\`data\`\\); add it, or name the column that holds it in \`columns\`. A table with all of them:\ncreate table`)
    })
    await t.rejects(prepared(db, { table }), /no column "data" \(`data`\), "policy" \(`policy`\); add/)
    await t.rejects(prepared(db, { table, columns: { policy: 'rules', data: 'text' } }), /no column "text" \(`data`\)/)
  })

  t.test(`on ${name} a Kysely instance that was destroyed stops the start`, async t => {
    const { db } = await openDatabase(t, name)
    await sql`select 1`.execute(db)
    await db.destroy()
    await t.rejects(prepared(db), { code: 'SES_INVALID_OPTIONS', message: 'Expected `DatabaseBackend.db` to be open, and it was destroyed, or its pool ended' })
  })
}

t.test('a connection to MySQL that changes text stops the start: it would make one user of two', async t => {
  for (const charset of ['latin1', 'LATIN1_SWEDISH_CI', 'utf8', 'utf8mb4']) {
    const { db } = await openDatabase(t, 'MariaDB', { charset })
    const table = freshTable(t, db)
    await createSessionTable(db, { table })
    if (charset.startsWith('utf8')) await t.resolves(prepared(db, { table }), charset)
    else await t.rejects(prepared(db, { table }), { code: 'SES_INVALID_OPTIONS', message: /charset: 'utf8mb4'/ }, charset)
  }
})

t.test('so does one whose pool or file was closed beside it', async t => {
  const pool = new pg.Pool({ connectionString: await sharedServer('postgres') })
  await pool.end()
  const mysql = createPool(await sharedServer('mysql'))
  await mysql.promise().end()
  const file = new SQLite(':memory:')
  file.close()
  const lite = new PGlite()
  await lite.close()
  for (const dialect of [new PostgresDialect({ pool }), new MysqlDialect({ pool: mysql }), new SqliteDialect({ database: file }), new PGliteDialect(lite as never)]) {
    await t.rejects(prepared(new Kysely<any>({ dialect })), { code: 'SES_INVALID_OPTIONS', message: /to be open, and it was destroyed, or its pool ended$/ })
  }
})

t.test('a schema that does not exist is a table that does not exist', async t => {
  for (const name of ['PostgreSQL', 'MariaDB', 'SQLite in memory'] as const) {
    const { db } = await openDatabase(t, name)
    await t.rejects(prepared(db, { schema: 'nowhere' }), /^The database has no table "nowhere"."sessions" for sessions/)
  }
})

t.test('the application does not start without the table', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  await t.rejects(createApp(t, { backend: new DatabaseBackend(db) }), { code: 'SES_INVALID_OPTIONS', message: /has no table "sessions"/ })
})

t.test('it starts while the database is down, with a warning', async t => {
  const pool = pgPool('postgres://nobody@127.0.0.1:9/none')
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  const site = await createSite(t, { backend: new DatabaseBackend(db, { sweepEvery: '1d' }) })
  t.match(site.warnings(), ['DatabaseBackend cannot be reached yet; until it can, sessions answer 503'])
})

t.test('the sweeper runs from prepare() to close()', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  await createSessionTable(db)
  const old = record({ expiresAt: Date.now() + 60_000 })
  await new DatabaseBackend(db).write(old.id, old, 0)
  const logs: string[] = []
  const backend = new DatabaseBackend(db, { sweepEvery: 5 / 1_000 }).bind(contextOf({ now: () => Date.now() + 120_000, log: logTo(logs) }))
  const stored = () => db.selectFrom('sessions').select('id').execute()
  t.equal((await stored()).length, 1)
  await backend.prepare()
  while ((await stored()).length > 0) await new Promise(resolve => { setTimeout(resolve, 1) })
  await backend.close()
  await backend.close()
  t.match(logs, ['debug: expired sessions were removed'])
  const unbound = new DatabaseBackend(db, { sweepEvery: '1d' })
  await unbound.prepare()
  await unbound.close()
})

t.test('MySQL must escape values by backslashes, and should be strict', async t => {
  for (const [mode, expected] of [['NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES', null], ['', ['warn: the SQL mode of MySQL is not strict: what is too long for a column is cut without an error; add STRICT_TRANS_TABLES']], ['STRICT_TRANS_TABLES', []]] as const) {
    const pool = createPool({ uri: await sharedServer('mysql'), connectionLimit: 1 })
    await pool.promise().query(`set session sql_mode = '${mode}'`)
    const db = new Kysely<any>({ dialect: new MysqlDialect({ pool }) })
    t.teardown(() => db.destroy())
    const table = freshTable(t, db)
    await createSessionTable(db, { table })
    const logs: string[] = []
    const preparing = new DatabaseBackend(db, { table }).bind(contextOf({ log: logTo(logs) })).prepare()
    if (expected === null) await t.rejects(preparing, { code: 'SES_INVALID_OPTIONS', message: /^The SQL mode NO_BACKSLASH_ESCAPES must be off/ })
    else await preparing
    t.strictSame(logs, expected ?? [])
  }
})

const handle = new SQLite(':memory:')
const memory = new Kysely<any>({ dialect: new SqliteDialect({ database: handle }) })
t.teardown(() => memory.destroy())
const mssql = new Kysely<any>({
  dialect: { createAdapter: () => new MssqlAdapter(), createDriver: () => new DummyDriver(), createIntrospector: db => new SqliteIntrospector(db), createQueryCompiler: () => new MssqlQueryCompiler() }
})
const pool = new pg.Pool()
const postgres = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
const mysql = new Kysely<any>({ dialect: new MysqlDialect({ pool: createPool({}) }) })

const refused: ReadonlyArray<readonly [what: string, args: readonly unknown[], message: string | RegExp]> = [
  ['nothing', [], /^Expected `DatabaseBackend.db` to be a Kysely instance, got undefined; for example `new Kysely/],
  ['a URL', ['postgres://user:hunter2@host/db'], /^Expected `DatabaseBackend.db` to be a Kysely instance, got a value of type string/],
  ['a pool of pg', [pool], /^Expected `DatabaseBackend.db` to be a Kysely instance, got an object of BoundPool/],
  ['a dialect that is not supported', [mssql], 'DatabaseBackend supports PostgreSQL, SQLite and MySQL or MariaDB; the dialect with the adapter MssqlAdapter is none of them'],
  ['options that are no object', [memory, null], /^Expected `DatabaseBackend` to be an object of options, got null/],
  ['an unknown option', [memory, { tabel: 'x' }], 'Unknown option `DatabaseBackend.tabel`; the nearest known one is `DatabaseBackend.table`'],
  ['an unknown column', [memory, { columns: { expires: 'x' } }], 'Unknown option `DatabaseBackend.columns.expires`; the nearest known one is `DatabaseBackend.columns.expiresAt`'],
  ['columns that are no object', [memory, { columns: ['id'] }], 'Expected `DatabaseBackend.columns` to be an object of names, got a value of type array'],
  ['one name for two columns', [memory, { columns: { data: 'ID' } }], 'Expected `DatabaseBackend.columns` to name each column once, got "ID" for `id` and `data`'],
  ['a table without a name', [memory, { table: '' }], /^Expected `DatabaseBackend.table` to be a name of 1 to 63 bytes .*, got "" \(string\)$/],
  ['a table of a schema in one word', [memory, { table: 'app.sessions' }], /got "app.sessions" \(string\)/],
  ['an alias', [memory, { table: 'users as u' }], /got "users as u" \(string\)/],
  ['a name with NUL', [memory, { schema: 'a\0' }], /^Expected `DatabaseBackend.schema` .*, got "a\\u0000" \(string\)/],
  ['a name that is too long', [memory, { columns: { id: 'é'.repeat(32) } }], /^Expected `DatabaseBackend.columns.id` to be a name/],
  ['a name that is a number', [memory, { columns: { id: '1' } }], /^Expected `DatabaseBackend.columns.id` to be a name/],
  ['a name that is none', [memory, { table: 5 }], /got 5 \(number\)/],
  ['an extra that is no function', [memory, { extra: { n: 1 } }], 'Expected `DatabaseBackend.extra` to be a function, got an object of Object'],
  ['a pool that is none', [postgres, { pool: true }], 'Expected `DatabaseBackend.pool` to be the pool of pg that Kysely uses, or false, got true (boolean)'],
  ['a Database for PostgreSQL', [postgres, { pool: handle }], 'Expected `DatabaseBackend.pool` to be the pool of pg that Kysely uses, or false, got an object of Database'],
  ['a pool of pg for SQLite', [memory, { pool }], 'Expected `DatabaseBackend.pool` to be the Database of better-sqlite3 or node:sqlite that Kysely uses, or false, got an object of BoundPool'],
  ['a pool for MySQL', [mysql, { pool }], 'Expected `DatabaseBackend.pool` to be left out with MySQL and MariaDB, got an object of BoundPool'],
  ['a sweepEvery of never', [memory, { sweepEvery: 0 }], /^Expected `sweepEvery` to be a duration/]
]

for (const [what, args, message] of refused) {
  t.test(`${what} is refused at once`, async t => {
    t.throws(() => new DatabaseBackend(...args as [never]), { code: 'SES_INVALID_OPTIONS', message })
  })
}

t.test('a transaction is refused: sessions are not undone with it', async t => {
  await memory.transaction().execute(async transaction => {
    t.throws(() => new DatabaseBackend(transaction), { code: 'SES_INVALID_OPTIONS', message: 'Expected `DatabaseBackend.db` to be a Kysely instance outside a transaction, got a transaction' })
  })
})
