import { createHmac } from 'node:crypto'
import session from 'express-session'
import t from 'tap'
import { type ExpressStore, fromExpressStore } from '../../../lib/express-store.ts'
import { createSite } from '../../helpers/app.ts'
import { createExpress, EXPRESS_SECRET } from '../../helpers/express.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { DAY_MS, HOUR_MS, START } from '../../helpers/times.ts'

const layout = { cookieSecret: EXPRESS_SECRET }
const NAME = 'connect.sid'
const SID = 'an-id-of-express-0123456789'

/** A cookie of Express, made without this library. */
const cookieOf = (id: string, secret = EXPRESS_SECRET) => `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`

/** A store that keeps objects as they are, as a store without a time to live does, and counts what it is asked. */
function mapStore (extra: object = {}): ExpressStore & { sessions: Map<string, any>, asked: string[] } {
  const sessions = new Map<string, any>()
  const asked: string[] = []
  const store: ExpressStore = {
    get (id, done) { asked.push(id); done(null, sessions.get(id)) },
    set (id, it, done) { sessions.set(id, JSON.parse(JSON.stringify(it))); done!() },
    destroy (id, done) { sessions.delete(id); done!() }
  }
  return Object.assign(store, { sessions, asked }, extra)
}

async function start (t: any, { store = mapStore(), ...options }: any = {}) {
  const cookie = { name: NAME, secure: false }
  const site = await createSite(t, { backend: fromExpressStore(store, { layout }), cookie, ...options })
  const browser = site.browser()
  browser.cookies.set(NAME, cookieOf(SID))
  return { site, browser, store }
}

const inOneHour = (maxAge: number | null = HOUR_MS) => ({ originalMaxAge: maxAge, expires: new Date(Date.now() + HOUR_MS).toISOString(), path: '/' })

t.test('a cookie is taken encoded and raw, and costs the store nothing where its signature is wrong', async t => {
  const { browser, site, store } = await start(t)
  store.sessions.set(SID, { cookie: inOneHour(), n: 1 })
  t.strictSame(await browser.data(), { n: 1 })
  browser.cookies.set(NAME, encodeURIComponent(cookieOf(SID)))
  t.strictSame(await browser.data(), { n: 1 })
  store.asked.length = 0
  const good = cookieOf(SID)
  for (const text of [SID, `s:${SID}`, `${good}A`, good.slice(0, -1), good.slice(2), cookieOf(SID, 'another'), cookieOf('../etc/passwd/0123456'), cookieOf('short'), '%', 's%3', `s:${'x'.repeat(5_000)}`]) {
    browser.cookies.set(NAME, text)
    t.strictSame(await browser.data(), {}, text.slice(0, 60))
    t.match(site.events.at(-1), { type: 'rejected', reason: text.length > 760 ? 'oversized' : 'forged' })
  }
  t.strictSame(store.asked, [])
})

t.test('several secrets: the first signs, all are tried', async t => {
  const store = mapStore()
  store.sessions.set(SID, { cookie: inOneHour(), n: 1 })
  const backend = fromExpressStore(store, { layout: { cookieSecret: ['a new secret of more than thirty-two bytes', Buffer.from(EXPRESS_SECRET)] } })
  const { browser } = await start(t, { store, backend })
  t.strictSame(await browser.data(), { n: 1 })
  const { text } = backend.cookies!.create()
  t.match(decodeURIComponent(text), cookieOf(backend.cookies!.idOf(text)!, 'a new secret of more than thirty-two bytes'))
})

t.test('Express ends a session of its own by the clock of the machine, and ours by the timeouts', async t => {
  const { browser, site, store } = await start(t, { idleTimeout: '30m' })
  store.sessions.set(SID, { cookie: { ...inOneHour(), expires: new Date(Date.now() - 1) }, n: 1 })
  t.strictSame(await browser.data(), {})
  store.sessions.set(SID, { cookie: inOneHour(), n: 1 })
  await browser.run(({ session }) => { session.n = 2 })
  site.clock.now += HOUR_MS / 2
  t.strictSame(await browser.data(), {}, 'the idle timeout, which is the nearer')
})

t.test('the deadline of Express is kept where it is the nearer, and a use moves it as Express would', async t => {
  const { browser, site, store } = await start(t, { idleTimeout: '1d' })
  store.sessions.set(SID, { cookie: inOneHour(), n: 1 })
  await browser.run(({ session }) => { session.n = 2 })
  const { cookie } = store.sessions.get(SID)
  t.equal(cookie.originalMaxAge, HOUR_MS)
  t.ok(Math.abs(Date.parse(cookie.expires) - Date.now() - HOUR_MS) < 60_000)
  await browser.run(({ session }) => { t.ok(Math.abs(+session.expiresAt - site.clock.now - HOUR_MS) < 60_000) })
})

t.test('a use of Express after the last one here is a use', async t => {
  const { browser, site, store } = await start(t, { idleTimeout: '1h', renewAfter: 1 })
  store.sessions.set(SID, { cookie: inOneHour(), n: 1 })
  await browser.run(({ session }) => { session.n = 2 })
  const stored = store.sessions.get(SID)
  stored.cookie.expires = new Date(Date.parse(stored.cookie.expires) + HOUR_MS / 2)
  site.clock.now = START + HOUR_MS
  t.strictSame(await browser.data(), { n: 2 })
  site.clock.now = START + 1.5 * HOUR_MS
  t.strictSame(await browser.data(), {})
})

t.test('a store with touch may have a session after its expires, and one without has not', async t => {
  const past = { ...inOneHour(), expires: new Date(Date.now() - HOUR_MS) }
  for (const [extra, data] of [[{}, {}], [{ touch () {} }, { n: 1 }]] as const) {
    const { browser, store } = await start(t, { store: mapStore(extra) })
    store.sessions.set(SID, { cookie: past, n: 1 })
    t.strictSame(await browser.data(), data)
  }
  const { browser, store } = await start(t, { store: mapStore({ touch () {} }) })
  store.sessions.set(SID, { cookie: { ...past, originalMaxAge: null }, n: 1 })
  t.strictSame(await browser.data(), { n: 1 })
})

t.test('a session of Express that ends with the browser has our timeouts from the first write here', async t => {
  const { browser, site, store } = await start(t, { idleTimeout: '1h' })
  store.sessions.set(SID, { cookie: { originalMaxAge: null, expires: null, path: '/' }, n: 1 })
  site.clock.now += DAY_MS
  t.strictSame(await browser.data(), { n: 1 })
  await browser.run(({ session }) => { session.n = 2 })
  store.sessions.get(SID).cookie.expires = null
  t.strictSame(await browser.data(), { n: 2 })
  site.clock.now += HOUR_MS
  t.strictSame(await browser.data(), {})
})

t.test('setLifetime() says how Express prolongs the session', async t => {
  const { browser, store } = await start(t)
  store.sessions.set(SID, { cookie: inOneHour(), n: 1 })
  await browser.run(({ session }) => { session.setLifetime({ idleTimeout: '2h' }) })
  t.equal(store.sessions.get(SID).cookie.originalMaxAge, 2 * HOUR_MS)
})

t.test('a session that begins here tells Express the attributes of the cookie', async t => {
  const store = mapStore()
  const cookie = { name: NAME, path: '/shop', sameSite: 'strict', secure: true } as const
  const { app } = await createSite(t, { backend: fromExpressStore(store, { layout }), cookie })
  const { id } = await app.sessions.create({ n: 1 })
  t.match(store.sessions.get(id), { n: 1, cookie: { path: '/shop', sameSite: 'strict', secure: true, httpOnly: true } })
  t.notOk('name' in store.sessions.get(id).cookie)
})

t.test('the option subject names whose session it is that Express has begun, in a route and outside', async t => {
  const { browser, site, store } = await start(t, { subject: (data: any) => data.user })
  store.sessions.set(SID, { cookie: inOneHour(), user: 'ada' })
  t.equal((await browser.attempt(({ session }) => session.subject, '/signed-in')).body, 'ada')
  t.equal((await site.app.sessions.get(SID))?.subject, 'ada')
  await browser.run(async ({ session }) => { session.n = 1; await session.save(); await session.reload(); t.equal(session.subject, 'ada') })
  t.notOk(site.warnings().some(text => text.includes('fixation')))
})

t.test('keys that Express or this library has are refused as keys of the data', async t => {
  const { browser, store } = await start(t)
  store.sessions.set(SID, { cookie: inOneHour() })
  for (const key of ['cookie', 'fastsessions']) {
    t.match((await browser.attempt(({ session }) => { session.set(key, 1) })).json(), { code: 'SES_RESERVED_KEY' }, key)
  }
})

t.test('what is no session of Express is none', async t => {
  const { browser, store } = await start(t)
  for (const wrong of [{}, { user: 'ada' }, { cookie: null }, { cookie: 'text', user: 'ada' }]) {
    store.sessions.set(SID, wrong)
    t.strictSame(await browser.data(), {})
  }
  store.sessions.set(SID, { cookie: {}, fastsessions: 'garbage', n: 1 })
  t.strictSame(await browser.data(), { n: 1 }, 'and a member that is none of ours is passed over')
})

t.test('a write that expects a version is refused by another, by none, and taken once more by its own', async t => {
  const backend = fromExpressStore(mapStore(), { layout })
  const first = newRecord({ id: SID })
  await backend.write(SID, first, 0)
  const second = nextOf(first)
  t.match(await backend.write(SID, second, 7), { version: first.version })
  t.equal(await backend.write(SID, first, 7), SID)
  t.equal(await backend.write(SID, second, first.version), SID)
  await backend.write(SID, { ...second, data: '' })
  t.equal(await backend.write(SID, second, first.version), null, 'a tombstone removes')
})

t.test('sessions of both sides are listed and ended, by stores that tell ids', async t => {
  const of = (id: unknown) => ({ id, cookie: inOneHour(), n: 1 })
  for (const all of [{ [SID]: { cookie: inOneHour(), n: 1 }, short: of(SID), other: null }, [of(SID), of('short'), of(undefined), null]]) {
    const store = mapStore({ all (done: any) { done(null, all) } })
    const { site } = await start(t, { store })
    store.sessions.set(SID, {})
    t.match((await site.app.sessions.list()).sessions, [{ id: SID, data: { n: 1 } }])
    t.equal((await site.app.sessions.list()).sessions.length, 1)
    await site.app.sessions.revokeAll()
    t.equal(store.sessions.size, 0)
  }
})

t.test('a wrong layout is refused, and no message shows a secret', async t => {
  const store = mapStore()
  for (const wrong of ['hidden', { layout: 'hidden' }, { layout: {} }, { layout: { cookieSecret: '' } }, { layout: { cookieSecret: [] } },
    { layout: { cookieSecret: ['hidden', 7] } }, { layout: { secret: 'hidden', cookieSecret: 'x' } }, { cookieSecret: 'hidden' }]) {
    t.throws(() => fromExpressStore(store, wrong as never), { code: 'SES_INVALID_OPTIONS', message: /^(?!.*hidden)/ }, JSON.stringify(wrong))
  }
  const secret = EXPRESS_SECRET
  await t.rejects(createSite(t, { backend: fromExpressStore(store, { layout }), secret, encrypt: true }), { message: /`encrypt`.*shared/ })
  await t.rejects(start(t, { serializer: { serialize: JSON.stringify, deserialize: JSON.parse } }), { message: /`serializer`.*shared/ })
})

t.test('the start warns of a cookie that Express does not know, of one that only Express knows, and of a short secret', async t => {
  const warningsOf = async (backend: any, cookie: any) => (await createSite(t, { backend, cookie })).warnings()
  t.match(await warningsOf(fromExpressStore(mapStore(), { layout }), {}), [/The cookie is named __Host-session, and Express looks/])
  t.match(await warningsOf(fromExpressStore(mapStore()), { name: NAME }), [/give fromExpressStore\(\) a `layout`/])
  t.match(await warningsOf(fromExpressStore(mapStore(), { layout: { cookieSecret: 'cat' } }), { name: NAME }), [/a secret of 3 bytes/])
  t.strictSame(await warningsOf(fromExpressStore(mapStore(), { layout }), { name: 'shop' }), [])
})

t.test('Express reads what begins here also where it renews nothing and signs with several secrets', async t => {
  const store = new session.MemoryStore()
  const { site } = await start(t, { store })
  const express = await createExpress(t, { store, secret: ['a new secret', EXPRESS_SECRET] })
  const { cookie } = await site.app.sessions.create({ n: 1 })
  t.equal(await express.visit({ cookies: new Map(), header: cookie }, ({ session }) => session.n), 1)
})
