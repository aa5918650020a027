import t from 'tap'
import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely'
import { createSite } from '../helpers/app.ts'
import { type AnyRequest } from '../helpers/browser.ts'
import { DATABASES, databaseBench, openDatabase } from '../helpers/databases.ts'

/** Counts how often a query is built: plugins see each query before it becomes SQL. */
class Compilations implements KyselyPlugin {
  count = 0

  transformQuery ({ node }: PluginTransformQueryArgs) {
    this.count++
    return node
  }

  async transformResult ({ result }: PluginTransformResultArgs) { return result }
}

const readSql = 'select "id", "version", "data", "schema_version", "created_at", "last_accessed_at", "expires_at", "subject", "policy", "meta" from "sessions" where "id" = ? and "property" = ?'
const replaceSql = 'update "sessions" set "version" = ?, "data" = ?, "schema_version" = ?, "created_at" = ?, "last_accessed_at" = ?, "expires_at" = ?, "subject" = ?, "policy" = ?, "meta" = ?, "label_1" = ?, "label_2" = ?, "label_3" = ?, "label_4" = ? ' +
  'where "id" = ? and "property" = ? and "expires_at" > ? and "version" = ?'
const touchSql = 'update "sessions" set "last_accessed_at" = ?, "expires_at" = ? ' +
  'where "id" = ? and "property" = ? and "expires_at" > ? and "version" = ? and "last_accessed_at" <= ?'
const endSql = 'delete from "sessions" where "id" = ? and "property" = ? and "expires_at" > ? and "version" = ?'

for (const name of DATABASES) {
  t.test(`what ${name} is sent`, async t => {
    const database = await openDatabase(t, name)
    const { backend, record, next, root } = await databaseBench(t, database)
    const { table } = root.place
    // The same shape for all dialects.
    const sent = () => database.sent().map(sql => sql.replaceAll('`', '"').replaceAll(table, 'sessions').replace(/\$\d+/g, '?'))
    sent()
    const first = record()
    const second = next(first)

    await t.test('a read, a write, a renewal and an end are one statement each', async t => {
      await backend.write(first.id, first, 0)
      const [insert, ...more] = sent()
      t.strictSame(more, [])
      t.ok(insert!.startsWith('insert into "sessions" ("id", "property", "version", "data", "schema_version", "created_at", "last_accessed_at", "expires_at", "subject", "policy", "meta", "label_1", "label_2", "label_3", "label_4") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'))
      t.equal(insert!.includes(' on conflict ("id") do update set '), name !== 'MariaDB')
      await backend.write(first.id, second, first.version)
      t.strictSame(sent(), [replaceSql])
      await backend.read(first.id)
      t.strictSame(sent(), [readSql])
      await backend.touch(first.id, { ...second, expiresAt: second.expiresAt + 1 })
      t.strictSame(sent(), [touchSql])
      await backend.write(first.id, next(second, { expiresAt: 0 }), second.version)
      t.strictSame(sent(), [endSql])
    })

    await t.test('a conflict is two', async t => {
      await backend.write(first.id, first, 0)
      sent()
      t.match(await backend.write(first.id, second, 5), first)
      t.strictSame(sent(), [replaceSql, readSql])
      t.match(await backend.write(first.id, second, 0), first)
      t.match(sent(), [/^insert/, readSql])
      t.match(await backend.write(first.id, next(first, { expiresAt: 0 }), 5), first)
      t.strictSame(sent(), [endSql, readSql])
    })

    await t.test('a write that is repeated is two, and one that was repeated changes nothing', async t => {
      await backend.touch(first.id, { ...first, expiresAt: first.expiresAt + 9 })
      sent()
      t.equal(await backend.write(first.id, first, 0), first.id)
      t.equal(sent().length, 2)
      t.equal(await backend.write(first.id, first, 5), first.id)
      t.equal(sent().length, 2)
      t.equal((await backend.read(first.id))?.expiresAt, first.expiresAt + 9)
    })

    await t.test('an end where nothing should stand is done when nothing does', async t => {
      const ended = next(record(), { expiresAt: 0 })
      sent()
      t.equal(await backend.write(ended.id, ended, 0), ended.id)
      t.strictSame(sent(), [readSql])
      const standing = record()
      await backend.write(standing.id, standing, 0)
      t.match(await backend.write(standing.id, next(standing, { expiresAt: 0 }), 0), standing)
    })

    await t.test('an expired session that is still stored is taken over', async t => {
      const bench = await databaseBench(t, database)
      const old = record({ expiresAt: bench.clock.now + 5 })
      const young = next(old, { expiresAt: bench.clock.now + 10 })
      await bench.backend.write(old.id, old, 0)
      bench.clock.now += 5
      sent()
      t.equal(await bench.backend.write(old.id, young, 0), old.id)
      t.equal(sent().length, name === 'MariaDB' ? 3 : 1)
      t.match(await bench.backend.read(old.id), young)
    })
  })

  t.test(`on ${name} nothing is compiled twice`, async t => {
    const compilations = new Compilations()
    const database = await openDatabase(t, name, { plugins: [compilations] })
    let names = ['one']
    const { bind, record, next, root } = await databaseBench(t, database, { extra: () => Object.fromEntries(names.map(name => [name, 1])) })
    for (const column of ['one', 'two']) await database.db.schema.alterTable(root.place.table).addColumn(column, 'integer').execute()
    const use = async () => {
      const backend = bind()
      const first = record({ subject: 'ada' })
      const second = next(first)
      await backend.write(first.id, first, 0)
      await backend.write(first.id, second, first.version)
      await backend.write(first.id, next(second))
      await backend.touch(first.id, second)
      await backend.read(first.id)
      await backend.exists(first.id)
      await backend.list({ subject: 'ada' })
      await backend.list({ label: 'x' })
      await backend.removeLabel('x', {})
      await backend.count({})
      await backend.removeExpired({})
      await backend.removeSubject('ada', {})
      await backend.remove(first.id)
    }
    await use()
    const before = compilations.count
    for (let n = 0; n < 5; n++) await use()
    t.equal(compilations.count, before)
    names = ['one', 'two']
    await use()
    t.equal(compilations.count, before + 4, 'other columns need their own writes')
    for (const of of [['one'], ['two', 'one'], ['one', 'two']]) {
      names = of
      await use()
    }
    t.equal(compilations.count, before + 4)
  })
}

t.test('a request costs one statement to read, one to write, and none for what it did not change', async t => {
  const database = await openDatabase(t, 'SQLite in memory')
  const { root } = await databaseBench(t, database)
  const site = await createSite(t, { backend: root })
  const browser = site.browser()
  const costs = async (job: (request: AnyRequest) => unknown) => {
    database.sent()
    await browser.run(job)
    return database.sent().map(text => text.split(' ')[0])
  }
  t.strictSame(await costs(() => {}), [], 'without a session')
  t.strictSame(await costs(({ session }) => { session.n = 1 }), ['insert'])
  t.strictSame(await costs(({ session }) => { session.n = 2 }), ['select', 'update'])
  t.strictSame(await costs(({ session }) => session.n), ['select'])
  // A sign-in looks before and after its write for a revocation of its subject's sessions, and gets its deadline once the old id is dead.
  t.strictSame(await costs(({ session }) => session.login('ada')), ['select', 'select', 'insert', 'select', 'update', 'update'])
  t.strictSame(await costs(({ session }) => session.destroy()), ['select', 'delete'])
})

t.test('many different sets of own columns are not all kept', async t => {
  const database = await openDatabase(t, 'SQLite in memory')
  let column = 'c0'
  const { backend, record, root } = await databaseBench(t, database, { extra: () => ({ [column]: 1 }) })
  for (let n = 0; n <= 101; n++) {
    column = `c${n}`
    await database.db.schema.alterTable(root.place.table).addColumn(column, 'integer').execute()
    const written = record()
    t.equal(await backend.write(written.id, written, 0), written.id)
  }
})
