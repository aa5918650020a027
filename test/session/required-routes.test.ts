import t, { type Test } from 'tap'
import { CookieBackend, MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { SECRET } from '../helpers/app.ts'
import { appWith, store } from '../helpers/config.ts'
import { cookieOf } from '../helpers/cookies.ts'

/** Routes that require a session, a route that signs in, and a route that stores data without a sign-in. */
async function guarded (t: Test, backend: SessionBackend, autoload: boolean) {
  const app = await appWith(t, { secret: SECRET, backend, autoload, onUnavailable: 'anonymous' })
  app.get('/any', { config: { session: { required: true } } }, async request => ({ ...request.session }))
  app.get('/subject', { config: { session: { required: 'subject' } } }, async request => request.session.subject)
  app.get('/free', { config: { session: { required: false } } }, async () => 'ok')
  app.get('/login', async request => {
    await request.session.load()
    await request.session.login('ada', { a: 1 })
  })
  app.get('/visit', { config: { session: { autoload: true } } }, async request => { request.session.set('a', 1) })
  return app
}

const kinds: Array<[string, () => SessionBackend]> = [['a stored', () => new MemoryBackend()], ['a cookie', () => new CookieBackend()]]

for (const [kind, backend] of kinds) {
  for (const autoload of [true, false]) {
    t.test(`required lets in who has ${kind} session, or a signed-in one, with autoload ${autoload}`, async t => {
      const app = await guarded(t, backend(), autoload)
      const visitor = cookieOf(await app.inject('/visit'))
      const member = cookieOf(await app.inject('/login'))
      for (const [url, cookie, status] of [
        ['/any', '', 401], ['/any', '__Host-session=forged', 401], ['/any', visitor, 200], ['/any', member, 200],
        ['/subject', '', 401], ['/subject', visitor, 401], ['/subject', member, 200], ['/free', '', 200]
      ] as const) {
        const response = await app.inject({ url, headers: cookie === '' ? {} : { cookie } })
        t.equal(response.statusCode, status, `${url} ${cookie.slice(0, 20)}`)
        t.equal(response.headers['set-cookie'], undefined)
        if (status === 401) t.match(response.json(), { code: 'SES_REQUIRED', message: url === '/any' ? 'This route needs a session' : 'This route needs a session that is signed in' })
      }
      t.strictSame((await app.inject({ url: '/any', headers: { cookie: visitor } })).json(), { a: 1 }, 'and it is loaded')
    })
  }
}

t.test('an unreachable backend is 503, never 401, whatever onUnavailable says', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await guarded(t, backend, true)
  const cookie = await store(app, { a: 1 })
  backend.fail('read')
  for (const url of ['/any', '/subject']) {
    const response = await app.inject({ url, headers: { cookie } })
    t.equal(response.statusCode, 503)
    t.equal(response.headers['retry-after'], '5')
  }
})

t.test('a route that requires a session adds Vary: Cookie to its refusal', async t => {
  const app = await guarded(t, new MemoryBackend(), true)
  t.match((await app.inject('/any')).headers['vary'], /cookie/i)
})
