import t, { type Test } from 'tap'
import { CookieBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, loose, type LooseSession, signedUp, type SiteOptions } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { settled } from '../helpers/gate.ts'

async function visited (t: Test, setup: Omit<SiteOptions, 'backend'> = {}) {
  const site = await createSite(t, { ...setup, backend: 'memory' })
  site.app.get('/', async request => { loose(request)['seen'] = 1; return loose(request).isNew })
  site.app.get('/read', async request => ({ ...loose(request), isNew: loose(request).isNew }))
  const cookie = await signedUp(site)
  site.operations()
  return { ...site, cookie, headers: { cookie } }
}

t.test('a backend that fails to read is a 503 with Retry-After: nothing is cleared, set or written', async t => {
  const { app, backend, headers, operations, events } = await visited(t)
  backend.fail('read')
  for (const url of ['/', '/read']) {
    const response = await app.inject({ url, headers })
    t.equal(response.statusCode, 503)
    t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
    t.equal(response.headers['retry-after'], '5')
    t.strictSame(cookieLines(response), [])
    t.strictSame(operations(), ['read'])
  }
  t.match(events.slice(-2), [{ type: 'unavailable', id: null, reason: 'load' }, { type: 'unavailable' }])
  t.notOk(events.some(({ type }) => type === 'rejected'), 'it is not "no session"')
  backend.heal()
  t.strictSame((await app.inject({ url: '/read', headers })).json(), { user: 'ada', isNew: false })
})

t.test('a route without a session, and a request without a cookie, do not notice', async t => {
  const { app, backend, headers } = await visited(t)
  app.get('/health', { config: { session: false } }, async () => 'ok')
  backend.fail('read')
  t.equal((await app.inject({ url: '/health', headers })).statusCode, 200)
  t.equal((await app.inject('/read')).statusCode, 200)
})

t.test('the answer to a failed load keeps its status where an error handler only sends', async t => {
  const { app, backend, headers } = await visited(t)
  app.setErrorHandler((_error, request, reply) => {
    t.throws(() => loose(request).get('a'), { code: 'SES_NOT_LOADED' })
    reply.send('custom')
  })
  backend.fail('read')
  const response = await app.inject({ url: '/read', headers })
  t.strictSame([response.statusCode, response.payload, response.headers['retry-after']], [503, 'custom', '5'])
})

t.test('with onUnavailable anonymous it is an empty session, whose changes are dropped with a warning', async t => {
  const { app, backend, headers, operations, warnings } = await visited(t, { onUnavailable: 'anonymous' })
  backend.fail('read')
  const response = await app.inject({ url: '/', headers })
  t.strictSame([response.statusCode, response.payload], [200, 'true'])
  t.strictSame(cookieLines(response), [])
  t.strictSame(operations(), ['read'])
  t.match(warnings(), [/unavailable: this request gets an empty session \(GET \/\)/, /changes of the session are dropped: the backend is unavailable \(GET \/\)/])
  t.equal((await app.inject({ url: '/read', headers })).statusCode, 200)
  t.equal(warnings().length, 3, 'who changes nothing loses nothing')
})

const refused: Array<[string, (session: LooseSession) => Promise<unknown>]> = [
  ['save', session => session.save()],
  ['login', session => session.login('ada')],
  ['regenerate', session => session.regenerate()],
  ['regenerateId', session => session.regenerateId()],
  ['destroy', session => session.destroy()],
  ['transaction', session => session.transaction(() => {})]
]

for (const [name, operation] of refused) {
  t.test(`with onUnavailable anonymous, ${name}() is a 503 whatever becomes of its promise, and touches no cookie`, async t => {
    const { app, backend, headers } = await visited(t, { onUnavailable: 'anonymous' })
    app.get('/awaited', async request => { await operation(loose(request)) })
    app.get('/caught', async request => { await operation(loose(request)).catch(() => {}); return 'fine' })
    app.get('/forgotten', async request => { operation(loose(request)); await settled(); return 'fine' })
    backend.fail('read')
    for (const url of ['/awaited', '/caught', '/forgotten']) {
      const response = await app.inject({ url, headers })
      t.equal(response.statusCode, 503, url)
      t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
      t.equal(response.headers['retry-after'], '5')
      t.strictSame(cookieLines(response), [])
    }
  })

  t.test(`when the backend fails in ${name}(), the answer is a 503 whatever becomes of its promise, and the session stands`, async t => {
    const { app, backend, headers, operations } = await visited(t)
    const change = (session: LooseSession) => operation(session.set('seen', 1))
    const isNewId = ['login', 'regenerateId'].includes(name)
    app.get('/awaited', async request => { await change(loose(request)) })
    app.get('/caught', async request => { await change(loose(request)).catch(() => {}); return 'fine' })
    app.get('/forgotten', async request => { change(loose(request)); await settled(); return 'fine' })
    for (const url of ['/awaited', '/caught', '/forgotten']) {
      backend.fail('write').fail('remove')
      const response = await app.inject({ url, headers })
      backend.heal()
      t.equal(response.statusCode, 503, url)
      t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
      t.strictSame(cookieLines(response), [])
      const writes = operations().filter(operation => operation === 'write').length
      t.equal(writes, isNewId ? 2 : 1, 'and nothing is tried again at the end; a new record whose fate is unknown is taken back')
      t.strictSame((await app.inject({ url: '/read', headers })).json(), { user: 'ada', isNew: false })
      operations()
    }
  })
}

t.test('an answer that an error handler made of such a failure is the answer', async t => {
  const { app, backend, headers } = await visited(t)
  app.setErrorHandler((_error, _request, reply) => { reply.code(503).send('come back later') })
  app.get('/save', async request => { await loose(request).set('a', 1).save() })
  backend.fail('write')
  const response = await app.inject({ url: '/save', headers })
  t.strictSame([response.statusCode, response.payload, response.headers['retry-after']], [503, 'come back later', '5'])
})

t.test('a self-contained backend that reads asynchronously and fails is a 503', async t => {
  class Remote extends CookieBackend {
    override bind (context: Parameters<CookieBackend['bind']>[0]): never {
      const inner = super.bind(context)
      const remote: SessionBackend = {
        selfContained: true,
        async read () { throw new Error('the key server is down') },
        write: (_id, record) => inner.write(null, record),
        remove: () => {}
      }
      return remote as never
    }
  }
  const site = await createSite(t, { backend: new FaultyBackend(new Remote()) })
  const cookie = await signedUp(site)
  site.app.get('/', async request => loose(request).isNew)
  const response = await site.app.inject({ url: '/', headers: { cookie } })
  t.equal(response.statusCode, 503)
  t.strictSame(cookieLines(response), [])
})
