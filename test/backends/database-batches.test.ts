import { sql, type Kysely } from 'kysely'
import t, { type Test } from 'tap'
import { testBackend } from '../../lib/testing/index.ts'
import { DatabaseBackend } from '../../lib/database.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { crowded } from '../helpers/crowded.ts'
import { contextOf, databaseBench, freshBackend, openDatabase, openPool } from '../helpers/databases.ts'
import { settled } from '../helpers/gate.ts'
import { newRecord, nextOf } from '../helpers/records.ts'

/** A backend on PostgreSQL with `pool`, and sessions that are stored, in the order of their ids. */
async function bench (t: Test, count = 0) {
  const opened = await openPool(t)
  const bench = await databaseBench(t, opened, { pool: opened.pool })
  const { backend, record } = bench
  const stored = Array.from({ length: count }, () => record()).sort((a, b) => a.id < b.id ? -1 : 1)
  for (const session of stored) await backend.write(session.id, session, 0)
  const { table } = bench.root.place
  /** The statements since the last call, in short. */
  const sent = () => opened.sent().map(text => /unnest|json_to_recordset/.test(text) ? `${text.split(' ')[0]} some` : text.split(' ')[0]!)
  if (count > 1) {
    // The first statement for several sessions looks at the key.
    const twice = stored.slice(0, 2)
    await backend.readMany(ids(twice))
    await Promise.all(twice.map(session => backend.write(session.id, session, session.version)))
  }
  sent()
  const replace = (records: readonly SessionRecord[], expected: readonly SessionRecord[]) =>
    Promise.all(records.map((record, n) => backend.write(record.id, record, expected[n]!.version)))
  return { ...bench, ...opened, table, stored, sent, replace }
}

/** Holds a lock until `end`, in a transaction of a stranger. */
async function stranger (t: Test, lock: (transaction: Kysely<any>) => Promise<unknown>) {
  const { db } = await openDatabase(t, 'PostgreSQL')
  const transaction = await db.startTransaction().execute()
  await lock(transaction)
  return { transaction, end: () => transaction.commit().execute() }
}

/** Resolves with the server's process of a statement that waits for a lock. */
async function waiting (db: Kysely<any>, table: string): Promise<number> {
  for (;;) {
    const { rows: [row] } = await sql<{ pid: number }>`select pid from pg_stat_activity where wait_event_type = 'Lock' and query like ${`%"${table}"%`}`.execute(db)
    if (row !== undefined) return row.pid
  }
}

const ids = (records: ReadonlyArray<{ id: string }>) => records.map(({ id }) => id)

t.test('PostgreSQL keeps every promise of a backend when nothing is sent alone', async t => {
  const { db, pool } = await openPool(t)
  await testBackend(t, async () => crowded(await freshBackend(t, db, { pool })))
})

t.test('what one turn of the event loop reads is one statement, and what it replaces', async t => {
  const { backend, stored, next, sent, replace } = await bench(t, 20)
  const missing = next(stored[0]!, { id: 'f'.repeat(64) })
  t.strictSame(await Promise.all(ids([...stored, missing]).map(id => backend.read(id))), [...stored, null])
  t.strictSame(sent(), ['select some'])
  t.strictSame(await backend.readMany([stored[1]!.id, stored[0]!.id, stored[1]!.id]), [stored[1], stored[0], stored[1]])
  t.strictSame(sent(), ['select some'])
  const later = stored.map(session => next(session, { data: '{"n":2}' }))
  t.strictSame(await replace(later, stored), ids(later))
  t.strictSame(sent(), ['update some'])
  t.strictSame(await backend.readMany(ids(stored)), later)
})

t.test('a session alone is read and replaced by the statement for one', async t => {
  const { backend, stored: [first], next, sent, replace } = await bench(t, 1)
  await backend.read(first!.id)
  await replace([next(first!)], [first!])
  t.strictSame(sent(), ['select', 'update'])
})

t.test('creations, renewals and endings stay statements of their own', async t => {
  const { backend, stored, record, next, sent } = await bench(t, 6)
  const [a, b, c, d, e, f] = stored as [SessionRecord, SessionRecord, SessionRecord, SessionRecord, SessionRecord, SessionRecord]
  const made = [record(), record()]
  await Promise.all([
    ...made.map(session => backend.write(session.id, session, 0)),
    ...[a, b].map(session => backend.touch(session.id, session)),
    ...[c, d].map(session => backend.write(session.id, next(session, { expiresAt: 0 }), session.version)),
    ...[e, f].map(session => backend.write(session.id, next(session, { data: '' }), session.version))
  ])
  t.equal(sent().length, 8)
})

t.test('a conflict in a batch refuses its own row, and those refused are read together', async t => {
  const { backend, stored, next, sent, replace } = await bench(t, 4)
  const [a, b, c, d] = stored as [SessionRecord, SessionRecord, SessionRecord, SessionRecord]
  const later = stored.map(session => next(session))
  const wrong = next(c)
  t.strictSame(await replace(later, [a, wrong, wrong, d]), [a.id, b, c, d.id])
  t.strictSame(sent(), ['update some', 'select some'])
  t.strictSame(await replace([later[0]!, later[3]!], [a, d]), [a.id, d.id], 'a repeated write is done already')
  const gone = next(a, { id: '0'.repeat(64) })
  t.strictSame(await replace([gone, next(b)], [gone, b]), [null, b.id])
  t.strictSame(await backend.readMany(ids(stored)).then(records => records.map(record => record!.version)), [later[0]!.version, (await backend.read(b.id))!.version, c.version, later[3]!.version])
})

t.test('of two writes of one session in a turn the first wins, and the second is in the next statement', async t => {
  const { stored, next, sent, replace } = await bench(t, 2)
  const [a, b] = stored as [SessionRecord, SessionRecord]
  const [first, second, other] = [next(a), next(a), next(b)]
  t.strictSame(await replace([first, second, other], [a, a, b]), [a.id, first, b.id])
  t.strictSame(sent(), ['update some', 'update', 'select'])
})

t.test('what is too much for one statement goes in several', async t => {
  const { backend, stored, next, sent, replace } = await bench(t, 250)
  const later = stored.map(session => next(session))
  t.strictSame(await replace(later, stored), ids(later))
  t.strictSame(sent(), ['update some', 'update some', 'update some'])
  t.strictSame(await backend.readMany(ids(later)), later)
  t.strictSame(sent(), ['select some', 'select some', 'select some'])
  const large = later.slice(0, 4).map(session => next(session, { data: JSON.stringify('x'.repeat(400_000)) }))
  t.strictSame(await replace(large, later), ids(large))
  t.strictSame(sent(), ['update some', 'update some'])
})

t.test('registrations that share a backend share statements, and nothing else', async t => {
  const { bind, clock, stored, record, next, sent } = await bench(t, 2)
  const [a, b] = stored as [SessionRecord, SessionRecord]
  const [main, admin] = [bind(), bind({ property: 'admin' })]
  const [c, d] = [record(), record()]
  for (const session of [c, d]) await admin.write(session.id, session, 0)
  sent()
  t.strictSame(await Promise.all([
    main.write(a.id, next(a), a.version), admin.write(b.id, next(b), b.version),
    main.write(c.id, next(c), c.version), admin.write(d.id, next(d), d.version)
  ]), [a.id, null, null, d.id])
  t.equal(sent()[0], 'update some')
  t.strictSame(await Promise.all([main.read(b.id), admin.read(b.id), main.read(c.id), admin.read(c.id)]), [b, null, null, c])
  t.strictSame(sent(), ['select some', 'select some'], 'each asks for its own property')
  const tomorrow = bind({ now: () => b.expiresAt })
  t.equal(clock.now < b.expiresAt, true)
  const late = next(b, { expiresAt: b.expiresAt + 1 })
  t.strictSame(await Promise.all([tomorrow.write(b.id, late, b.version), admin.write(c.id, next(c), c.version)]), [null, c.id], 'each goes by its own clock')
})

t.test('any text survives a batch, and labels are found afterwards', async t => {
  const { backend, stored, next, replace } = await bench(t, 3)
  const texts = ['{"a":"\\"b\\\\,{}\\n"}', 'NULL', '"\\ \n\t\u0001 {x,y} ü€🧺']
  const later = stored.map((session, n) => next(session, {
    data: texts[n]!, subject: n === 0 ? null : `${texts[n]!} null`, policy: n === 1 ? { idleTimeout: 5 } : null, meta: n === 2 ? { labels: ['x"y', 'a\\b'] } : null
  }))
  t.strictSame(await replace(later, stored), ids(later))
  t.strictSame(await backend.readMany(ids(later)), later)
  t.strictSame(await backend.list({ label: 'a\\b' }), { sessions: [later[2]], cursor: null })
  t.strictSame(await backend.list({ subject: 'NULL null' }), { sessions: [later[1]], cursor: null })
  const last = later.map(session => next(session, { meta: null }))
  await replace(last, later)
  t.strictSame(await backend.list({ label: 'a\\b' }), { sessions: [], cursor: null }, 'and are gone afterwards')
})

t.test('a row that the database refuses fails alone', async t => {
  const { backend, db, table, stored, next, sent } = await bench(t, 4)
  await sql`alter table ${sql.id(table)} add check (data <> 'bad')`.execute(db)
  const later = stored.map((session, n) => next(session, { data: n === 2 ? 'bad' : 'good' }))
  const outcomes = await Promise.allSettled(later.map((session, n) => backend.write(session.id, session, stored[n]!.version)))
  t.match(outcomes, [{ value: later[0]!.id }, { value: later[1]!.id }, { reason: { code: '23514' } }, { value: later[3]!.id }])
  t.strictSame(sent(), ['update some', 'update', 'update', 'update', 'update'])
})

t.test('a row that a stranger has locked holds up its own session only', async t => {
  const { backend, db, table, stored, next, sent, replace } = await bench(t, 30)
  const [locked, ...free] = stored as [SessionRecord, ...SessionRecord[]]
  const { end } = await stranger(t, transaction => transaction.selectFrom(table).select('id').where('id', '=', locked.id).forUpdate().execute())
  let isDone = false
  const writing = backend.write(locked.id, next(locked), locked.version).then(answer => {
    isDone = true
    return answer
  })
  const later = free.map(session => next(session))
  const replacing = replace(later, free)
  await waiting(db, table)
  t.strictSame(await replacing, ids(free), 'those beside it')
  sent()
  const again = backend.write(locked.id, next(locked), locked.version)
  t.strictSame(await replace(later.map(session => next(session)), later), ids(free), 'and later ones')
  t.strictSame(sent(), ['update some'], 'without the session whose write is under way')
  t.equal(isDone, false)
  await end()
  t.equal(await writing, locked.id)
  t.match(await again, { id: locked.id, version: (await backend.read(locked.id))!.version }, 'whose next write has waited')
})

t.test('a batch gives way to a stranger that locks its rows in another order', async t => {
  const { db, table, stored, next, replace } = await bench(t, 2)
  const [first, second] = stored as [SessionRecord, SessionRecord]
  const { transaction, end } = await stranger(t, transaction => transaction.selectFrom(table).select('id').where('id', '=', second.id).forUpdate().execute())
  const writing = replace([next(first), next(second)], stored)
  await waiting(db, table)
  await t.resolves(transaction.selectFrom(table).select('id').where('id', '=', first.id).forUpdate().execute())
  await end()
  t.strictSame(await writing, ids(stored))
})

t.test('processes that replace the same sessions in any order all get answers, and one of each wins', async t => {
  const { backend, root, clock, stored, next } = await bench(t, 40)
  const { db, pool } = await openPool(t)
  const other = new DatabaseBackend(db, { table: root.place.table, pool }).bind(contextOf({ now: () => clock.now }))
  let standing = stored
  for (let round = 0; round < 5; round++) {
    const [mine, theirs] = [standing.map(session => next(session)), standing.map(session => next(session)).reverse()]
    const write = (process: DatabaseBackend, records: SessionRecord[]) => Promise.all(records.map(record =>
      process.write(record.id, record, standing.find(({ id }) => id === record.id)!.version)))
    const [answers, others] = await Promise.all([write(backend, mine), write(other, theirs)])
    const winners = [...mine.filter(({ id }, n) => answers[n] === id), ...theirs.filter(({ id }, n) => others[n] === id)]
    t.strictSame(ids(winners).sort(), ids(standing))
    standing = winners.sort((a, b) => a.id < b.id ? -1 : 1)
  }
})

const deeds: Readonly<Record<string, (backend: DatabaseBackend, session: SessionRecord) => Promise<unknown>>> = {
  reads: (backend, session) => backend.read(session.id),
  replaces: (backend, session) => backend.write(session.id, nextOf(session), session.version)
}

for (const [what, act] of Object.entries(deeds)) {
  t.test(`a connection that is lost while it ${what} fails its statement, and nothing is sent again for each row`, async t => {
    const { backend, db, table, stored, sent } = await bench(t, 10)
    const { end } = await stranger(t, transaction => sql`lock table ${sql.id(table)} in access exclusive mode`.execute(transaction))
    const outcomes = Promise.allSettled(stored.map(session => act(backend, session)))
    const pid = await waiting(db, table)
    await sql`select pg_terminate_backend(${pid})`.execute(db)
    t.ok((await outcomes).every(({ status }) => status === 'rejected'))
    t.equal(sent().length, 1)
    await end()
    t.strictSame(await backend.readMany(ids(stored)), stored)
  })
}

t.test('a server that cannot be reached is asked once for all', async t => {
  const { db, pool, sent } = await openPool(t, 'postgres://nobody@127.0.0.1:1/nothing')
  const backend = new DatabaseBackend(db, { pool }).bind(contextOf())
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => backend.read(newRecord().id)))
  t.ok(outcomes.every(outcome => outcome.status === 'rejected' && outcome.reason.code === 'ECONNREFUSED'))
  t.equal(sent().length, 1)
})

t.test('a table that takes no joined statement gets single ones from then on', async t => {
  const { backend, db, table, stored, next, sent, replace } = await bench(t, 3)
  await sql`alter table ${sql.id(table)} alter column policy type jsonb using policy::jsonb`.execute(db)
  const later = stored.map(session => next(session, { policy: { idleTimeout: 5 } }))
  t.strictSame(await replace(later, stored), ids(stored))
  t.strictSame(sent(), ['update some', 'update', 'update', 'update'])
  t.strictSame(await replace(later.map(session => next(session)), later), ids(stored))
  t.strictSame(sent(), ['update', 'update', 'update'])
  t.match(await backend.readMany(ids(stored)), [{ policy: { idleTimeout: 5 } }, { policy: { idleTimeout: 5 } }, { policy: { idleTimeout: 5 } }])
})

t.test('a table whose key is no text gets single statements, which its index serves', async t => {
  const { db, pool, table, clock, stored, next, sent } = await bench(t, 3)
  await sql`alter table ${sql.id(table)} alter column id type char(64)`.execute(db)
  const backend = new DatabaseBackend(db, { table, pool }).bind(contextOf({ now: () => clock.now }))
  const later = stored.map(session => next(session))
  t.strictSame(await Promise.all(later.map((session, n) => backend.write(session.id, session, stored[n]!.version))), ids(stored))
  t.strictSame(sent(), ['select', 'update', 'update', 'update'])
  t.strictSame(await backend.readMany(ids(stored)), later)
  t.strictSame(sent(), ['select', 'select', 'select', 'select'])
  await backend.readMany(ids(stored))
  t.strictSame(sent(), ['select', 'select', 'select'], 'from then on')
})

t.test('with columns of the application\'s own each replacement is a statement of its own', async t => {
  const opened = await openPool(t)
  const { backend, record, next, root } = await databaseBench(t, opened, { pool: opened.pool, extra: () => ({ own: 1 }) })
  await opened.db.schema.alterTable(root.place.table).addColumn('own', 'integer').execute()
  const stored = [record(), record()]
  for (const session of stored) await backend.write(session.id, session, 0)
  opened.sent()
  await Promise.all(stored.map(session => backend.write(session.id, next(session), session.version)))
  t.equal(opened.sent().length, 2)
})

t.test('nothing waits any more once Kysely is closed', async t => {
  const { root, clock, stored, next } = await bench(t, 10)
  const { db, pool } = await openPool(t)
  const backend = new DatabaseBackend(db, { table: root.place.table, pool }).bind(contextOf({ now: () => clock.now }))
  const asked = stored.flatMap(session => [backend.read(session.id), backend.write(session.id, next(session), session.version)])
  await settled()
  asked.push(...stored.map(session => backend.read(session.id)))
  const outcomes = Promise.allSettled(asked)
  await backend.close()
  await db.destroy()
  await outcomes
  t.pass('each has an answer')
})

for (const name of ['PostgreSQL', 'PGlite', 'MariaDB'] as const) {
  t.test(`without a pool, what one turn reads from ${name} is one statement, of few lengths`, async t => {
    const opened = await openDatabase(t, name)
    const { backend, bind, record } = await databaseBench(t, opened)
    const stored = Array.from({ length: 70 }, () => record())
    await Promise.all(stored.map(session => backend.write(session.id, session, 0)))
    opened.sent()
    const lengths = () => opened.sent().map(text => text.split(' where ')[1]!.match(/\?|\$/g)!.length - 1)
    for (const [count, expected] of [[1, [1]], [2, [4]], [4, [4]], [5, [16]], [20, [64]], [70, [16, 64]]] as const) {
      const some = stored.slice(0, count)
      t.strictSame(await backend.readMany(ids(some)), some)
      t.strictSame(lengths().sort((a, b) => a - b), expected)
    }
    const admin = bind({ property: 'admin' })
    t.strictSame(await Promise.all([backend.read(stored[0]!.id), admin.read(stored[0]!.id), backend.read('0'.repeat(64))]), [stored[0], null, null])
  })

  t.test(`${name} keeps every promise of a backend without a pool when nothing is read alone`, async t => {
    const { db } = await openDatabase(t, name)
    await testBackend(t, async () => crowded(await freshBackend(t, db)))
  })
}
