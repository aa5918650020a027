import connectPg from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import expressSession from 'express-session'
import pg from 'pg'
import { createClient } from 'redis'
import t from 'tap'
import { fromExpressSession, fromFastifySession } from '../../lib/migrate.ts'
import { answerOf, cookieHeader, load, read, readAt, sessionIn, TextStore } from '../helpers/foreign.ts'
import { sharedServer } from '../helpers/servers.ts'
import { DAY_MS, HOUR_MS, START } from '../helpers/times.ts'

const SECRET = 'a secret of express-session'
const session = load('express-session')
const DATA = { user: 'ada', cart: [1, { n: 2 }] }

/** The cookie of a session that express-session itself has stored. */
async function signedIn (options: object, { data = DATA as object, header = '' } = {}): Promise<string> {
  const middleware = session({ secret: SECRET, resave: false, saveUninitialized: false, cookie: { maxAge: HOUR_MS }, ...options })
  const { cookies, text } = await answerOf((request: any, response) => {
    middleware(request, response, () => {
      Object.assign(request.session, data)
      response.end(String(request.session.user))
    })
  }, header === '' ? {} : { cookie: header })
  return cookies.length > 0 ? cookieHeader(cookies) : text
}

const stores: Record<string, (t: any) => any> = {
  'its own memory store': () => new session.MemoryStore(),
  'connect-redis': async t => {
    const client = createClient({ url: await sharedServer('redis') })
    await client.connect()
    t.teardown(() => client.close())
    return new RedisStore({ client, prefix: `reader${process.pid}:` })
  },
  'connect-pg-simple': async t => {
    const pool = new pg.Pool({ connectionString: await sharedServer('postgres') })
    pool.on('error', () => {})
    t.teardown(() => pool.end())
    const PgStore = connectPg(expressSession)
    // Its table's key has the same name for each table, so that two in one schema are refused.
    const schemaName = `reader${process.pid}`
    await pool.query(`create schema ${schemaName}`)
    return new PgStore({ pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false })
  }
}

for (const [name, open] of Object.entries(stores)) {
  t.test(`a session of express-session in ${name} is read, removed, and then unknown`, async t => {
    const store = await open(t)
    const header = await signedIn({ store })
    const reader = fromExpressSession({ secret: SECRET, store })
    const raw = decodeURIComponent(header)
    for (const spelling of [header, raw]) {
      const found = sessionIn(await read(reader, spelling))
      t.strictSame(found.data, DATA)
      t.ok(found.expiresAt! > Date.now() && found.expiresAt! <= Date.now() + HOUR_MS)
      t.equal(found.secret, raw.slice('connect.sid=s:'.length), 'the same text however it is spelt')
    }
    await sessionIn(await read(reader, header)).remove!()
    t.strictSame(await read(reader, header), { rejected: 'unknown', secret: raw.slice('connect.sid=s:'.length) })
  })
}

t.test('any of several secrets may have signed, and a wrong one is no session', async t => {
  const store = new session.MemoryStore()
  const header = await signedIn({ store, name: 'sid' })
  const reader = fromExpressSession({ secret: ['another', SECRET], store, cookieName: 'sid' })
  t.match(await read(reader, header), { data: DATA })
  t.match(await read(reader, `sid=junk; ${header}`), { data: DATA })
  t.strictSame(await read(fromExpressSession({ secret: 'another', store, cookieName: 'sid' }), header), { rejected: 'forged' })
  const options = { secret: SECRET, store, cookieName: 'sid', cookiePrefix: 's:' }
  t.match(await read(fromFastifySession(options), header), { data: DATA }, '@fastify/session can sign in the same way')
})

t.test('a session is refused once its record says that it has expired', async t => {
  const store = new TextStore()
  const header = await signedIn({ store: Object.assign(new session.Store(), { get: store.get, set: store.set, destroy: store.destroy, texts: store.texts }) })
  const reader = fromExpressSession({ secret: SECRET, store })
  const expiresAt = sessionIn(await read(reader, header)).expiresAt!
  t.match(await readAt(expiresAt - 1, reader, header), { data: DATA })
  t.strictSame(await readAt(expiresAt, reader, header), { rejected: 'expired' })
})

t.test('with rolling, it is the store that says whether a session lives: connect-redis leaves the record as it was', async t => {
  const store = await stores['connect-redis']!(t)
  const header = await signedIn({ store, rolling: true })
  const reader = fromExpressSession({ secret: SECRET, store, rolling: true })
  const later = Date.now() + 2 * HOUR_MS
  t.equal(sessionIn(await readAt(later, reader, header)).expiresAt, later + HOUR_MS, 'as long as express-session would give it now')
  const withoutMaxAge = await signedIn({ store, rolling: true, cookie: {} })
  t.equal(sessionIn(await readAt(later, reader, withoutMaxAge)).expiresAt, null)
})

t.test('a session that lasts as long as the browser has no deadline, or the one of maxAge', async t => {
  const store = new session.MemoryStore()
  const header = await signedIn({ store, cookie: {} })
  t.equal(sessionIn(await read(fromExpressSession({ secret: SECRET, store }), header)).expiresAt, null)
  t.equal(sessionIn(await readAt(START, fromExpressSession({ secret: SECRET, store, maxAge: 86_400 }), header)).expiresAt, START + DAY_MS)
})

t.test('reading neither changes the record nor the cookie: old nodes go on', async t => {
  const store = new session.MemoryStore()
  const header = await signedIn({ store })
  const before = JSON.stringify(store.sessions)
  await read(fromExpressSession({ secret: SECRET, store }), header)
  t.equal(JSON.stringify(store.sessions), before)
  t.equal(await signedIn({ store }, { header, data: {} }), 'ada', 'express-session reads it still')
})
