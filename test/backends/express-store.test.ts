import connectPg from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import session from 'express-session'
import pg from 'pg'
import { createClient } from 'redis'
import t from 'tap'
import { type ExpressStore, fromExpressStore } from '../../lib/express-store.ts'
import { testBackend } from '../../lib/testing/index.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { sharedServer } from '../helpers/servers.ts'
import { createSite } from '../helpers/app.ts'
import { newRecord } from '../helpers/records.ts'
import { HOUR_MS } from '../helpers/times.ts'

type Done = (error?: unknown, result?: unknown) => void

/** The capabilities of every express-session store: the promises are that `set` replaces the stored session, and that it expires. */
const promised = { atomic: false, expires: true, registrations: true, touch: false, list: false, count: false, removeAll: false }
const listing = { ...promised, list: true, count: true, removeAll: true, labels: true }

async function redisStore (t: { teardown (end: () => unknown): unknown }, prefix = `express${process.pid}:`) {
  const client = createClient({ url: await sharedServer('redis') })
  await client.connect()
  t.teardown(() => client.close())
  return { client, store: new RedisStore({ client, prefix }) as ExpressStore }
}

async function postgresStore (t: { teardown (end: () => unknown): unknown }): Promise<ExpressStore> {
  const pool = new pg.Pool({ connectionString: await sharedServer('postgres') })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  const PgStore = connectPg(session)
  return new PgStore({ pool, tableName: `express${process.pid}`, createTableIfMissing: true, pruneSessionInterval: false })
}

t.test('express-session\'s own memory store', t => testBackend(t, () => fromExpressStore(new session.MemoryStore()), listing))

t.test('connect-redis', async t => {
  let n = 0
  await testBackend(t, async () => fromExpressStore((await redisStore(t, `express${process.pid}_${n++}:`)).store), listing)
})

t.test('connect-pg-simple', async t => {
  const store = await postgresStore(t)
  await testBackend(t, () => fromExpressStore(store), promised)
})

for (const [name, open] of Object.entries({ 'connect-redis': async (t: any) => (await redisStore(t)).store, 'connect-pg-simple': postgresStore })) {
  t.test(`an application on ${name} signs in, reads, writes and signs out`, async t => {
    const site = await createSite(t, { backend: fromExpressStore(await open(t)) })
    const browser = site.browser()
    await browser.run(({ session }) => session.login('ada', { n: 1 }))
    await browser.run(({ session }) => { session.n++ })
    t.strictSame(await browser.data(), { n: 2 })
    const stolen = browser.copy()
    await browser.run(({ session }) => session.destroy())
    t.strictSame(await stolen.data(), {})
  })
}

t.test('the store is told how long the session has left, whatever the application\'s clock says', async t => {
  const { client, store } = await redisStore(t)
  const site = await createSite(t, { backend: fromExpressStore(store), idleTimeout: '1h' })
  let id = ''
  await site.browser().run(({ session }) => { session.n = 1; id = session.id })
  const ttl = await client.pTTL(`express${process.pid}:${id}`)
  t.ok(ttl > HOUR_MS - 60_000 && ttl <= HOUR_MS + 1_000, String(ttl))
})

t.test('transaction() and onConflict: \'error\' are refused', async t => {
  const backend = fromExpressStore(new session.MemoryStore())
  await t.rejects(createSite(t, { backend, onConflict: 'error' }), { code: 'SES_INVALID_OPTIONS' })
  const browser = (await createSite(t, { backend })).browser()
  t.equal((await browser.attempt(({ session }) => session.transaction(() => {}))).json().code, 'SES_NOT_SUPPORTED')
})

const record: SessionRecord = {
  id: 'a'.repeat(64), version: 1, data: '{}', schemaVersion: 1, createdAt: 0, lastAccessedAt: 0, expiresAt: Date.now() + HOUR_MS, subject: null, policy: null, meta: null
}

t.test('a write of what has ended already leaves nothing', async t => {
  const backend = fromExpressStore(new session.MemoryStore())
  await backend.write(record.id, record)
  t.equal(await backend.write(record.id, { ...record, version: 2, expiresAt: 0 }), record.id)
  t.equal(await backend.read(record.id), null)
})

t.test('a session that Express stored is no session, and stays as it is', async t => {
  const store = new session.MemoryStore()
  const backend = fromExpressStore(store)
  store.set(record.id, { cookie: { originalMaxAge: null }, user: 'ada' } as never)
  t.equal(await backend.read(record.id), null)
  t.match(JSON.parse((store as unknown as { sessions: Record<string, string> }).sessions[record.id]!), { user: 'ada' })
})

/** A store whose `get` answers in some way. */
const answering = (get: ExpressStore['get']): ExpressStore => ({ get, set: (_id, _session, done) => done?.(), destroy: (_id, done) => done?.() })

t.test('a store may answer by callback at once, twice, by promise, or with anything', async t => {
  const stored = new Map<string, unknown>()
  const inner = fromExpressStore({ get: (id, done) => done(null, stored.get(id)), set: (id, it, done) => { stored.set(id, it); done!() }, destroy: (_id, done) => done!() })
  await inner.write(record.id, record)
  const found = stored.get(record.id)
  const ways: Array<ExpressStore['get']> = [
    (_id, done) => done(null, found),
    (_id, done) => { done(undefined, found); done(new Error('again')) },
    (_id, done) => { setImmediate(done, null, found) },
    async () => found,
    async (_id, done) => { done(null, found) }
  ]
  for (const get of ways) t.match(await fromExpressStore(answering(get)).read(record.id), { id: record.id, version: 1 })
  for (const nothing of [undefined, null, false, '', {}, { fastsessions: 1 }, { fastsessions: 'garbage' }]) {
    t.equal(await fromExpressStore(answering((_id, done) => done(null, nothing))).read(record.id), null)
  }
})

t.test('an error with the code ENOENT is no session, when it is read or removed', async t => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  const ways: Array<(done: any) => unknown> = [done => done(missing), () => { throw missing }, () => Promise.reject(missing)]
  for (const answer of ways) {
    const backend = fromExpressStore({ get: (_id, done) => answer(done), set: (_id, _session, done) => answer(done), destroy: (_id, done) => answer(done) })
    t.equal(await backend.read(record.id), null)
    await backend.remove(record.id)
    await backend.write(record.id, { ...record, expiresAt: 0 })
    await t.rejects(async () => await backend.write(record.id, record), missing, 'a session that cannot be stored is an error')
  }
  await t.rejects(async () => await fromExpressStore(answering((_id, done) => done(false))).read(record.id), 'an error may be anything')
})

t.test('a store that answers as none for express-session does is named', async t => {
  const wrongs: Array<[answer: unknown, problem: RegExp]> = [[[{}, 3_600], /an array/], ['{"cookie":{}}', /a string/], [7, /a number/], [true, /a boolean/]]
  for (const [answer, problem] of wrongs) {
    const backend = fromExpressStore(answering(async () => answer))
    await t.rejects(async () => await backend.read(record.id), { code: 'SES_BACKEND_CONTRACT', detail: problem })
  }
  const site = await createSite(t, { backend: fromExpressStore(answering((_id, done) => done(null, [{}, 3_600]))) })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  t.match((await browser.attempt(({ session }) => session.n)).json(), { statusCode: 500, code: 'SES_BACKEND_CONTRACT' })
  t.match(site.errors().at(-1), { detail: /no store for express-session/ })
})

t.test('all, length and clear of a store list, count and end sessions', async t => {
  const store = new session.MemoryStore()
  const app = (await createSite(t, { backend: fromExpressStore(store) })).app
  store.set('of express', { cookie: {}, user: 'ada' } as never)
  for (const subject of ['ada', 'bob', 'ada']) await app.sessions.create({ of: subject }, { subject })
  t.equal(await app.sessions.count(), 3)
  t.equal(await app.sessions.count({ subject: 'ada' }), 2)
  const { sessions: [first], cursor } = await app.sessions.list({ subject: 'ada', limit: 1 })
  const { sessions: [second] } = await app.sessions.list({ subject: 'ada', limit: 1, cursor: cursor! })
  t.match([first, second], [{ subject: 'ada', data: { of: 'ada' } }, { subject: 'ada' }])
  await app.sessions.revokeAll()
  t.equal(await app.sessions.count(), 0)
  t.strictSame(Object.keys((store as unknown as { sessions: object }).sessions), ['of express'], 'sessions of Express stay')
})

t.test('a session that a newer version stored hides no other from list and count, and ends with all', async t => {
  const sessions = new Map<string, any>()
  const store = {
    get: (id: string, done: Done) => { done(null, sessions.get(id)) },
    set: (id: string, session: unknown, done?: Done) => { sessions.set(id, session); done?.() },
    destroy: (id: string, done?: Done) => { sessions.delete(id); done?.() },
    all: (done: Done) => { done(null, [...sessions.values()]) }
  }
  const backend = fromExpressStore(store)
  const [newer, other] = [newRecord(), newRecord()]
  for (const record of [newer, other]) await backend.write(record.id, record)
  const kept = sessions.get(newer.id)
  kept.fastsessions = `2${kept.fastsessions.slice(1)}`
  t.strictSame((await backend.list!({})).sessions, [other])
  t.equal(await backend.count!({}), 1)
  await t.rejects(async () => await backend.read(newer.id), { code: 'SES_BACKEND_UNAVAILABLE' })
  await backend.removeAll!()
  t.equal(sessions.size, 0)
})

t.test('a store without all counts and ends what it can', async t => {
  let isCleared = false
  const plain = answering((_id, done) => done())
  const backend = fromExpressStore({ ...plain, length: done => done(null, 5), clear: done => { isCleared = true; done?.() } })
  t.equal(await backend.count!({}), 5)
  for (const filter of [{ subject: 'ada' }, { label: 'x' }]) await t.rejects(async () => await backend.count!(filter), { code: 'SES_NOT_SUPPORTED', message: /`all`/ })
  await backend.removeAll!()
  t.ok(isCleared)
  t.match(fromExpressStore(plain), { list: undefined, count: undefined, removeAll: undefined })
  t.strictSame(await fromExpressStore({ ...plain, all: done => done() }).list!({}), { sessions: [], cursor: null })
})

t.test('nothing but the id of a session reaches the store', async t => {
  const asked: string[] = []
  const backend = fromExpressStore({ get: (id, done) => { asked.push(id); done() }, set: () => {}, destroy: (id, done) => { asked.push(id); done!() } })
  for (const id of ['', '../x', '*', record.id.toUpperCase(), `${record.id}\n`, '__proto__']) {
    t.equal(await backend.read(id), null)
    await backend.remove(id)
  }
  t.strictSame(asked, [])
})

t.test('a store that fails, throws or rejects makes the answer a 503', async t => {
  const ways: Array<ExpressStore['get']> = [
    (_id, done) => done(new Error('down')),
    () => { throw new Error('down') },
    () => Promise.reject(new Error('down'))
  ]
  for (const get of ways) {
    const site = await createSite(t, { backend: fromExpressStore(answering(get)) })
    const browser = site.browser()
    await browser.run(({ session }) => { session.n = 1 })
    t.equal((await browser.attempt(({ session }) => session.n)).statusCode, 503)
  }
})

t.test('what is no store is refused', async t => {
  for (const wrong of [undefined, null, 'redis://user:password@host', {}, { get () {}, set () {} }, () => {}]) {
    t.throws(() => fromExpressStore(wrong as never), { code: 'SES_INVALID_OPTIONS', message: /store for express-session/ })
  }
  t.throws(() => fromExpressStore('redis://user:password@host' as never), { message: /^(?!.*password)/ })
})
