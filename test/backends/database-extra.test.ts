import { CamelCasePlugin } from 'kysely'
import t, { type Test } from 'tap'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions, type ExtraInput, sessionMigration } from '../../lib/database.ts'
import { createApp } from '../helpers/app.ts'
import { type AnyRequest } from '../helpers/browser.ts'
import { contextOf, DATABASES, databaseBench, freshTable, openDatabase } from '../helpers/databases.ts'
import { newRecord } from '../helpers/records.ts'

async function extraBench (t: Test, extra: DatabaseBackendOptions['extra']) {
  const database = await openDatabase(t, 'SQLite in memory')
  const bench = await databaseBench(t, database, { extra: extra! })
  const { table } = bench.root.place
  for (const column of ['user_agent', 'user_id', 'n']) await database.db.schema.alterTable(table).addColumn(column, 'text').execute()
  return { ...bench, sent: database.sent, rows: () => database.db.selectFrom(table).selectAll().execute() }
}

t.test('columns of the application\'s own are filled from the session and the request', async t => {
  const { root, rows } = await extraBench(t, ({ subject, request }) => ({ user_agent: request?.headers['user-agent'] ?? null, user_id: subject }))
  const app = await createApp(t, { backend: root })
  app.get('/', async ({ session }: AnyRequest) => { session.n = 1 })
  app.get('/login', ({ session }) => session.login('ada'))
  const { headers } = await app.inject({ url: '/', headers: { 'user-agent': 'one' } })
  t.match(await rows(), [{ user_agent: 'one', user_id: null }])
  const cookie = String(headers['set-cookie']).split(';')[0]!
  await app.inject({ url: '/login', headers: { 'user-agent': 'two', cookie } })
  t.match((await rows()).sort((a, b) => a['data'].length - b['data'].length), [
    { user_agent: 'two', user_id: null, data: '' },
    { user_agent: 'two', user_id: 'ada', data: '{"n":1}' }
  ], 'the tombstone of the old id is no session of the user')
  await app.sessions.create({ n: 2 }, { subject: 'bob' })
  t.equal((await rows()).filter(({ user_agent: agent, user_id: id }) => agent === null && id === 'bob').length, 1)
})

t.test('they are asked for at every insert and update, and not at renewals, reads and ends', async t => {
  const asked: ExtraInput[] = []
  const { backend, record, next, rows, clock } = await extraBench(t, input => {
    asked.push(input)
    return { n: asked.length }
  })
  const first = record({ subject: 'ada' })
  await backend.write(first.id, first, 0, { data: { n: 1 } })
  t.strictSame(asked.splice(0), [{ id: first.id, subject: 'ada', data: { n: 1 } }])
  const second = next(first, { subject: null })
  await backend.write(first.id, second, first.version)
  t.strictSame(asked, [{ id: first.id, subject: null, data: {} }])
  await backend.touch(first.id, second)
  await backend.read(first.id)
  t.match(await rows(), [{ n: '1' }])
  await backend.write(first.id, next(second))
  t.match(await rows(), [{ n: '2' }])
  await backend.write(first.id, next(second, { expiresAt: clock.now }), second.version)
  t.equal(asked.length, 2)
})

for (const [answer, message] of [
  [{ data: 'x' }, '`extra()` must not name the column "data": it holds `data` of the session'],
  [{ EXPIRES_AT: 1 }, '`extra()` must not name the column "EXPIRES_AT": it holds `expiresAt` of the session'],
  [{ '': 1 }, /^Expected `a name of extra\(\)` to be a name of 1 to 63 bytes/],
  [{ n: undefined }, 'Expected `extra().n` to be a string, a number, a bigint, a boolean, null, a Date or bytes, got undefined'],
  [{ n: { a: 1 } }, /got an object of Object$/],
  [{ n: ['secret'] }, /got a value of type array$/],
  [{ n: NaN }, /got NaN \(number\)$/],
  [{ n: () => 1 }, /got a value of type function$/],
  [undefined, 'Expected `extra()` to be an object of names and values, at once, got undefined'],
  [['n'], /got a value of type array$/],
  [Promise.resolve({ n: 1 }), /got an object of Promise$/]
] as const) {
  t.test(`an extra() that answers ${message} is an error, and nothing is stored`, async t => {
    const { backend, record, rows } = await extraBench(t, () => answer as never)
    const written = record()
    await t.rejects(backend.write(written.id, written, 0), { code: 'SES_INVALID_OPTIONS', message })
    t.strictSame(await rows(), [])
  })
}

t.test('a name that is special in JavaScript is a name of a column', async t => {
  const database = await openDatabase(t, 'SQLite in memory')
  const { backend, record, root } = await databaseBench(t, database, { extra: () => JSON.parse('{"__proto__":"x"}') as { n: string } })
  await database.db.schema.alterTable(root.place.table).addColumn('__proto__', 'text').execute()
  const written = record()
  await backend.write(written.id, written, 0)
  t.match(await database.db.selectFrom(root.place.table).select('__proto__ as value').execute(), [{ value: 'x' }])
})

t.test('all plain values can be stored', async t => {
  const database = await openDatabase(t, 'PostgreSQL')
  const day = new Date('2027-03-01T00:00:00Z')
  const { backend, record, root } = await databaseBench(t, database, { extra: () => ({ a: true, b: day, c: Buffer.from('x'), d: 1.5, e: 12n, f: null }) })
  const { table } = root.place
  for (const [name, type] of Object.entries({ a: 'boolean', b: 'timestamptz', c: 'bytea', d: 'real', e: 'bigint', f: 'text' })) {
    await database.db.schema.alterTable(table).addColumn(name, type as 'text').execute()
  }
  const written = record()
  await backend.write(written.id, written, 0)
  t.strictSame(await database.db.selectFrom(table).select(['a', 'b', 'c', 'd', 'e', 'f']).execute(), [{ a: true, b: day, c: Buffer.from('x'), d: 1.5, e: '12', f: null }])
})

t.test('a constraint of the application\'s own that refuses a row is an error, and no session is overwritten', async t => {
  for (const name of ['SQLite in memory', 'PostgreSQL', 'MariaDB'] as const) {
    const database = await openDatabase(t, name)
    const { backend, record, next, root } = await databaseBench(t, database, { extra: () => ({ device: 'same' }) })
    const { table } = root.place
    await database.db.schema.alterTable(table).addColumn('device', 'varchar(50)').execute()
    await database.db.schema.createIndex(`${table} device`).on(table).columns(['device']).unique().execute()
    const [first, second] = [record({ data: '{"secret":1}' }), record({ data: '{"secret":2}' })]
    t.equal(await backend.write(first.id, first, 0), first.id)
    for (const expected of [0, undefined]) {
      const error = await backend.write(second.id, second, expected).then(() => null, (error: unknown) => error)
      t.ok(error instanceof Error, name)
      t.notMatch(JSON.stringify({ ...error as Error, message: String(error) }), /secret/, 'the error names no values')
    }
    t.match(await backend.read(first.id), first)
    t.equal(await backend.write(first.id, next(first), first.version), first.id)
  }
})

for (const name of DATABASES) {
  t.test(`on ${name} columns that the table was made with come back from a listing, and nothing else of the row`, async t => {
    const { db } = await openDatabase(t, name)
    const table = freshTable(t, db)
    await createSessionTable(db, { table, extra: { tenant: 'varchar(64)', visits: 'integer', nothing: 'decimal(8, 2)' } })
    const root = new DatabaseBackend(db, { table, pool: false, extra: ({ subject }) => ({ tenant: `of ${subject}`, visits: 7 }) })
    const backend = root.bind(contextOf())
    const written = newRecord({ subject: 'alice', meta: { labels: ['x'] } })
    await backend.write(written.id, written, 0)
    for (const filter of [{}, { subject: 'alice' }, { label: 'x' }, { limit: 1 }]) {
      t.strictSame((await backend.list(filter)).sessions, [{ ...written, extra: { tenant: 'of alice', visits: 7, nothing: null } }])
    }
    t.strictSame(await backend.read(written.id), written, 'a read does not need them')
    const without = new DatabaseBackend(db, { table, pool: false }).bind(contextOf())
    t.strictSame((await without.list({})).sessions, [written], 'without the option nobody asks for them')
  })
}

t.test('they come back by their names in the database, and a name that is a number hides no field', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory', { plugins: [new CamelCasePlugin()] })
  await createSessionTable(db, { table: 'webSessions', extra: { lastIp: 'text' } })
  await db.schema.alterTable('webSessions').addColumn('2027', 'text').execute()
  const backend = new DatabaseBackend(db, { table: 'webSessions', extra: () => ({ lastIp: '::1' }) }).bind(contextOf())
  const written = newRecord()
  await backend.write(written.id, written, 0)
  t.strictSame(await backend.list({}), { sessions: [{ ...written, extra: { last_ip: '::1', 2027: null } }], cursor: null })
  const other = newRecord()
  await backend.write(other.id, other, 0)
  t.equal((await backend.list({ limit: 1 })).cursor, [written.id, other.id].sort()[0])
})

t.test('a row that is no session is in no listing with them either', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  await createSessionTable(db, { extra: { n: 'text' } })
  const backend = new DatabaseBackend(db, { extra: () => ({ n: '1' }) }).bind(contextOf())
  const written = newRecord()
  await backend.write(written.id, written, 0)
  await db.updateTable('sessions').set({ policy: '[]' }).execute()
  t.strictSame(await backend.list({}), { sessions: [], cursor: null })
})

t.test('the migration makes them, and the function that fills them makes none', async t => {
  const { db } = await openDatabase(t, 'SQLite in memory')
  const columnsOf = async () => (await db.introspection.getTables()).find(({ name }) => name === 'sessions')!.columns.map(({ name }) => name)
  const { up, down } = sessionMigration({ extra: { tenant: 'varchar(64)' } })
  await up(db)
  t.ok((await columnsOf()).includes('tenant'))
  await down(db)
  await createSessionTable(db, { extra: () => ({ tenant: 'x' }) })
  t.equal((await columnsOf()).length, 15)
})

for (const [extra, message] of [
  [5, 'Expected `createSessionTable.extra` to be an object of columns and their types, got 5 (number)'],
  [['tenant'], /^Expected `createSessionTable.extra` to be an object of columns and their types, got a value of type array/],
  [{ tenant: 64 }, /^Expected `createSessionTable.extra.tenant` to be a type of a column, such as 'varchar\(64\)', got 64/],
  [{ tenant: 'text; drop table users' }, /^Expected `createSessionTable.extra.tenant` to be a type of a column/],
  [{ tenant: '' }, /^Expected `createSessionTable.extra.tenant` to be a type of a column/],
  [{ 'a.b': 'text' }, /^Expected `a name of createSessionTable.extra` to be a name of 1 to 63 bytes/],
  [{ Meta: 'text' }, '`createSessionTable.extra` must not name the column "Meta": it holds `meta` of the session'],
  [{ label_1: 'text' }, '`createSessionTable.extra` must not name the column "label_1": it holds `label1` of the session']
] as const) {
  t.test(`${JSON.stringify(extra)} is refused as columns of the table`, async t => {
    const { db } = await openDatabase(t, 'SQLite in memory')
    await t.rejects(createSessionTable(db, { extra: extra as never }), { code: 'SES_INVALID_OPTIONS', message })
    t.throws(() => sessionMigration({ extra: extra as never }), { code: 'SES_INVALID_OPTIONS' })
  })
}
