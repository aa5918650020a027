import { createHmac } from 'node:crypto'
import fastify from 'fastify'
import t from 'tap'
import { fromFastifySession } from '../../lib/migrate.ts'
import { cookieHeader, load, read, readAt, sessionIn, TextStore } from '../helpers/foreign.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, START } from '../helpers/times.ts'

const SECRET = 'a secret of @fastify/session with 32 characters and more'
const OLD = 'the secret of the year before, with 32 characters too'
const session = load('@fastify/session')
/** Some versions of `cookie` write the value as it is, others escape `+`, `/` and `=`. */
const raw = (header: string): string => decodeURIComponent(header)
const escaped = (header: string): string => raw(header).replace(/=(.*)/, (_, value) => `=${encodeURIComponent(value)}`)

/** The cookie of a session that @fastify/session itself has stored. */
async function signedIn (options: object, { header = '', data = { user: 'ada', cart: [1, { n: 2 }] } as object } = {}): Promise<string> {
  const app = fastify()
  await app.register(load('@fastify/cookie'))
  await app.register(session, { secret: SECRET, cookie: { secure: false, maxAge: HOUR_MS }, ...options })
  app.get('/', async (request: any) => {
    Object.assign(request.session, data)
    return request.session
  })
  const { headers } = await app.inject({ url: '/', headers: header === '' ? {} : { cookie: header } })
  await app.close()
  return cookieHeader(headers['set-cookie'])
}

for (const [name, newStore] of Object.entries({ 'its own memory store': () => new session.MemoryStore(), 'a store of JSON texts': () => new TextStore() })) {
  t.test(`a session of @fastify/session in ${name} is read, with its deadline`, async t => {
    const store = newStore()
    const before = Date.now()
    const header = await signedIn({ store })
    for (const spelling of [header, raw(header), escaped(header)]) {
      const found = sessionIn(await read(fromFastifySession({ secret: SECRET, store }), spelling))
      t.strictSame(found.data, { user: 'ada', cart: [1, { n: 2 }] }, 'and nothing of the library')
      t.ok(found.expiresAt! >= before + HOUR_MS && found.expiresAt! <= Date.now() + HOUR_MS)
      t.equal(found.secret, raw(header).slice('sessionId='.length), 'the same text however it is spelt')
    }
  })
}

t.test('a session that was renewed lives as long as @fastify/session would have kept it', async t => {
  const store = new TextStore()
  const header = await signedIn({ store })
  await signedIn({ store }, { header })
  const [[id, text]] = [...store.texts] as [[string, string]]
  const record = JSON.parse(text)
  record.cookie.originalExpires = new Date(START).toISOString()
  record.cookie.expires = new Date(START + HOUR_MS).toISOString()
  store.texts.set(id, JSON.stringify(record))
  const reader = fromFastifySession({ secret: SECRET, store })
  t.equal(sessionIn(await readAt(START + MINUTE_MS, reader, header)).expiresAt, START + HOUR_MS)
  t.strictSame(await readAt(START + HOUR_MS, reader, header), { rejected: 'expired' })
  const app = fastify()
  await app.register(load('@fastify/cookie'))
  await app.register(session, { secret: SECRET, store, cookie: { secure: false, maxAge: HOUR_MS } })
  app.get('/', async (request: any) => request.session.user)
  record.cookie = { ...record.cookie, originalExpires: new Date(0).toISOString(), expires: new Date(Date.now() + HOUR_MS).toISOString() }
  store.texts.set(id, JSON.stringify(record))
  t.equal((await app.inject({ url: '/', headers: { cookie: header } })).body, 'ada', 'so does @fastify/session itself')
  await app.close()
})

t.test('a session without a deadline has none, or the one of maxAge', async t => {
  const store = new TextStore()
  const header = await signedIn({ store, cookie: { secure: false } })
  t.equal(sessionIn(await read(fromFastifySession({ secret: SECRET, store }), header)).expiresAt, null)
  t.equal(sessionIn(await readAt(START, fromFastifySession({ secret: SECRET, store, maxAge: '1d' }), header)).expiresAt, START + DAY_MS)
})

t.test('secrets are rotated as in @fastify/session, which may have several', async t => {
  const store = new TextStore()
  const header = await signedIn({ store, secret: [OLD, SECRET] })
  t.match(await read(fromFastifySession({ secret: [SECRET, OLD], store }), header), { data: { user: 'ada' } })
  t.match(await read(fromFastifySession({ secret: [Buffer.from(SECRET), Buffer.from(OLD)], store }), header), { data: { user: 'ada' } })
  t.strictSame(await read(fromFastifySession({ secret: SECRET, store }), header), { rejected: 'forged' })
})

t.test('its prefix, algorithm and cookie name are options here too', async t => {
  const store = new TextStore()
  const theirs = { cookiePrefix: 's:', algorithm: 'sha512', cookieName: 'sid' }
  const header = await signedIn({ store, ...theirs })
  const reader = fromFastifySession({ secret: SECRET, store, ...theirs })
  t.equal(reader.cookieName, 'sid')
  t.match(await read(reader, header), { data: { user: 'ada' } })
  t.strictSame(await read(reader, header.replace(/s(?::|%3A)/, '')), { rejected: 'malformed' }, 'without the prefix')
  t.strictSame(await read(fromFastifySession({ secret: SECRET, store, ...theirs, algorithm: 'sha256' }), header), { rejected: 'forged' })
})

t.test('of several cookies of one name, each is tried; else the reason is that of the first', async t => {
  const store = new TextStore()
  const header = await signedIn({ store })
  const reader = fromFastifySession({ secret: SECRET, store })
  t.match(await read(reader, `sessionId=a.b; sessionId=junk; ${header}; sessionId=x`), { data: { user: 'ada' } })
  t.strictSame(await read(reader, 'sessionId=a.b; sessionId=junk'), { rejected: 'forged' })
  t.equal(await read(reader, 'other=1'), null)
  t.equal(await read(reader, 'sessionId='), null, 'a cookie that was cleared')
})

t.test('a session that has ended in the store is none, whether the store answers nothing or an error ENOENT', async t => {
  const store = new TextStore()
  const header = await signedIn({ store })
  store.texts.clear()
  t.strictSame(await read(fromFastifySession({ secret: SECRET, store }), header), { rejected: 'unknown', secret: raw(header).slice('sessionId='.length) })
  const files = Object.assign(new TextStore(), { get: async () => { throw Object.assign(new Error('no file'), { code: 'ENOENT' }) } })
  t.strictSame(await read(fromFastifySession({ secret: SECRET, store: files }), header), { rejected: 'unknown', secret: raw(header).slice('sessionId='.length) })
})

t.test('a store that fails makes the read fail', async t => {
  const header = await signedIn({ store: new TextStore() })
  const down = new Error('down')
  const byCallback = Object.assign(new TextStore(), { get: (_id: string, done: (error: unknown) => void) => { done(down) } })
  const byPromise = Object.assign(new TextStore(), { get: async () => { throw down } })
  const byThrowing = Object.assign(new TextStore(), { get: () => { throw down } })
  for (const store of [byCallback, byPromise, byThrowing]) {
    await t.rejects(read(fromFastifySession({ secret: SECRET, store: store as any }), header), down)
  }
})

t.test('the record can be removed, and one that is gone is no error', async t => {
  const store = new TextStore()
  const header = await signedIn({ store })
  const { remove } = sessionIn(await read(fromFastifySession({ secret: SECRET, store, clear: true }), header))
  await remove!()
  t.equal(store.texts.size, 0)
  store.destroy = (_id, done) => { done!(Object.assign(new Error('no file'), { code: 'ENOENT' })) }
  await remove!()
})

t.test('records that are not laid out as those of @fastify/session are corrupt, and our own are nobody\'s', async t => {
  const store = new TextStore()
  const id = 'an-id'
  const secret = `${id}.${createHmac('sha256', SECRET).update(id).digest('base64').replace('=', '')}`
  const header = `sessionId=${secret}`
  const cyclic: Record<string, unknown> = { cookie: {} }
  cyclic['self'] = cyclic
  let deep: unknown = 1
  for (let level = 0; level < 100; level++) deep = [deep]
  const cases: Array<[unknown, string]> = [
    ['text', 'corrupt'], [['a'], 'corrupt'], [7, 'corrupt'], [{ user: 'ada' }, 'corrupt'], [{ cookie: 'x' }, 'corrupt'],
    [{ cookie: { expires: 'never' }, user: 'ada' }, 'corrupt'],
    [cyclic, 'corrupt'], [{ cookie: {}, big: 1n }, 'corrupt'], [() => {}, 'corrupt'],
    [JSON.parse('{"cookie":{},"__proto__":{"admin":true}}'), 'corrupt'],
    [JSON.parse('{"cookie":{},"a":{"constructor":{"prototype":{}}}}'), 'corrupt'],
    [{ cookie: {}, deep }, 'corrupt'],
    [{ cookie: {}, fastsessions: '1', fastsessionsOf: 'session x' }, 'unknown']
  ]
  for (const [record, rejected] of cases) {
    const reader = fromFastifySession({ secret: SECRET, store: Object.assign(store, { get: async () => record }) as any })
    t.strictSame(await read(reader, header), { rejected })
  }
  for (const record of [null, undefined, '']) {
    const reader = fromFastifySession({ secret: SECRET, store: Object.assign(store, { get: async () => record }) as any })
    t.strictSame(await read(reader, header), { rejected: 'unknown', secret })
    for (const several of [`sessionId=junk; ${header}; sessionId=a.b`, `${header}; sessionId=junk; ${header}`]) {
      t.strictSame(await read(reader, several), { rejected: 'unknown', secret }, 'whichever cookie of the name it is')
    }
  }
})

t.test('what it says of its cookie is where the library set it', t => {
  const store = new TextStore()
  const reader = fromFastifySession({ secret: SECRET, store })
  t.match(reader, { name: '@fastify/session', cookieName: 'sessionId', clear: false, cookie: { path: '/' } })
  const own = fromFastifySession({ secret: SECRET, store, clear: true, cookie: { path: '/app', domain: 'example.com' } })
  t.match(own, { clear: true, cookie: { path: '/app', domain: 'example.com' } })
  t.match(own.bind!({ now: Date.now } as any), { clear: true, cookie: { path: '/app', domain: 'example.com' } }, 'bound too')
  t.end()
})
