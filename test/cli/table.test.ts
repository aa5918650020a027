import SQLite from 'better-sqlite3'
import { CompiledQuery, Kysely, SqliteDialect } from 'kysely'
import t from 'tap'
import { argumentsOf } from '../../lib/cli/arguments.ts'
import { commands } from '../../lib/cli/commands.ts'
import { table } from '../../lib/cli/table.ts'
import { DatabaseBackend } from '../../lib/database.ts'
import { cli, configOf } from '../helpers/cli.ts'

t.test('the SQL of each dialect is that of its databases', async t => {
  const starts = { postgres: 'create table "sessions" ("version" bigint', mysql: 'create table `sessions` (`version` bigint', sqlite: 'create table "sessions" ("version" integer' }
  for (const [dialect, start] of Object.entries(starts)) {
    const { status, out } = await cli(['table', '--dialect', dialect])
    t.equal(status, 0)
    t.ok(out.startsWith(start), out)
    t.equal(out.includes(') with (fillfactor = 80);\n'), dialect === 'postgres')
    t.strictSame((await cli(['table', '--dialect', dialect, '--json'])).json.sql, out.trimEnd().split('\n'))
  }
  t.match((await cli(['table', '--dialect', 'postgres', '--table', 'web', '--schema', 'shop'])).out, /^create table "shop"\."web"/)
})

t.test('a table of these statements is one that the backend takes', async t => {
  const db = new Kysely<any>({ dialect: new SqliteDialect({ database: new SQLite(':memory:') }) })
  t.teardown(() => db.destroy())
  const backend = new DatabaseBackend(db, { table: 'web' })
  const config = ['--config', configOf(t, { backend })]
  t.match(await cli(['count', ...config]), { status: 1, err: /^fastsessions: .*sessions\.config\.mjs: .*has no table "web".*\n$/ })
  for (const statement of (await cli(['table', '--dialect', 'sqlite', '--table', 'web', '--json'])).json.sql) await db.executeQuery(CompiledQuery.raw(statement))
  t.match(await cli(['count', ...config]), { status: 0, out: '0\n' })
})

t.test('without kysely it says what to install, and other errors are not mistaken for that', async t => {
  const call = { args: argumentsOf(commands.find(({ name }) => name === 'table')!, ['--dialect', 'sqlite']), terminal: null as never }
  for (const code of ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']) {
    await t.rejects(table(call, async () => { throw Object.assign(new Error('no kysely'), { code }) }), /table needs kysely.*npm install kysely/)
  }
  await t.rejects(table(call, async () => { throw new Error('broken') }), /broken/)
  await t.rejects(table(call, async () => ({ sqlOf () { throw new Error('odd') } })), /odd/)
})
