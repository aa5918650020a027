import { inspect } from 'node:util'
import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, kinds } from '../helpers/app.ts'

const notLoaded = { code: 'SES_NOT_LOADED', statusCode: 500 }

/** All uses of an object except those that a session allows before its load. */
const accesses: Readonly<Record<string, (session: any) => unknown>> = {
  'reading a key': session => session.a,
  'writing a key': session => { session.a = 1 },
  'deleting a key': session => delete session.a,
  'asking for a key': session => 'a' in session,
  'defining a key': session => Object.defineProperty(session, 'a', { value: 1 }),
  'describing a key': session => Object.getOwnPropertyDescriptor(session, 'a'),
  'listing the keys': session => Object.keys(session),
  'turning it into JSON': session => JSON.stringify(session),
  'reading the id': session => session.id,
  'calling a member': session => session.save()
}

for (const kind of kinds) {
  t.test(`with the ${kind} backend, a session that is not loaded`, async t => {
    t.test('throws SessionNotLoadedError for every access', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => {
        for (const [access, attempt] of Object.entries(accesses)) t.throws(() => attempt(session), notLoaded, access)
      }, '/by-hand')
    })

    t.test('has load, isLoaded, then and symbols', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(async ({ session }) => {
        t.equal(session.isLoaded, false)
        t.equal(session.then, undefined)
        t.equal(await session, session, 'it can be awaited')
        t.equal(session[Symbol.iterator], undefined)
        t.equal(Symbol.iterator in session, false)
        t.doesNotThrow(() => inspect(session))
        t.equal(await session.load(), undefined)
        t.equal(session.isLoaded, true)
      }, '/by-hand')
    })

    t.test('can be used like the session once it is loaded', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1; session.b = 1 })
      await browser.run(async ({ session: kept }) => {
        await kept.load()
        await kept.load()
        t.equal(kept.a, 1)
        t.equal(kept.get('a'), 1)
        t.equal('a' in kept, true)
        t.strictSame(Object.keys(kept), ['a', 'b'])
        t.equal(JSON.stringify({ ...kept }), '{"a":1,"b":1}')
        kept.a = 2
        delete kept.b
        Object.defineProperty(kept, 'c', { value: 3, enumerable: true, configurable: true, writable: true })
        t.throws(() => { kept.id = 1 }, { code: 'SES_RESERVED_KEY' })
      }, '/by-hand')
      t.strictSame(await browser.data(), { a: 2, c: 3 })
    })
  })
}

t.test('the message says what to do, and the log where', async t => {
  const site = await createSite(t)
  const response = await site.browser().attempt(({ session }) => session.a, '/by-hand')
  t.match(response.json(), { statusCode: 500, code: 'SES_NOT_LOADED', message: /call its load\(\) first/ })
  t.match(site.errors().at(-1), { detail: /GET \/by-hand.*request\.session\.load\(\)/ })
})

t.test('a request that never loads costs the backend nothing', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.calls.length = 0
  await browser.run(({ session }) => session.isLoaded, '/by-hand')
  t.strictSame(backend.calls, [])
})

t.test('two loads at once are one', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.calls.length = 0
  backend.before('read', () => Promise.resolve())
  await browser.run(async ({ session }) => { await Promise.all([session.load(), session.load()]) }, '/by-hand')
  t.equal(backend.calls.length, 1)
})

t.test('before the onRequest hook of the plugin the session is null', async t => {
  const site = await createSite(t, { before: app => app.addHook('onRequest', async ({ session }) => { t.equal(session, null) }) })
  site.app.addHook('onRequest', async ({ session }) => { t.equal(session.isLoaded, true) })
  t.plan(2)
  await site.browser().run(() => {})
})

t.test('in a serializer of the request log the session is null, and every request is answered', async t => {
  const seen: unknown[] = []
  const req = (request: any) => { seen.push(request.session); return { user: request.session?.get('user') } }
  const { app } = await createSite(t, { server: { logger: { level: 'info', stream: { write () {} }, serializers: { req } } } })
  app.get('/', async request => { request.session.set('user', 'ann') })
  for (const [url, status] of [['/', 200], ['/nowhere', 404]] as const) t.equal((await app.inject(url)).statusCode, status, url)
  t.strictSame(seen, [null, null])
})

t.test('in the error handler for a hook before ours the session is null, and the error stands', async t => {
  const { app } = await createSite(t, {
    before: app => app.addHook('onRequest', async () => { throw Object.assign(new Error('slow down'), { statusCode: 429 }) })
  })
  app.setErrorHandler(async (error: Error, { session }: any, reply) => reply.code(429).send(`${error.message}, ${session?.name ?? 'guest'}`))
  app.get('/', async () => '')
  const { statusCode, body } = await app.inject('/')
  t.strictSame([statusCode, body], [429, 'slow down, guest'])
})

t.test('on a route with session: false the session is null', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.run(request => {
    t.equal(request.session, null)
    t.throws(() => { request.session = {} }, { code: 'SES_RESERVED_KEY' })
    t.equal(request.session, null)
  }, '/off')
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(response.headers['vary'], undefined)
})
