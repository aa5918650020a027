import t, { type Test } from 'tap'
import { CookieBackend, type SessionOptions } from '../../lib/index.ts'
import { createApp } from '../helpers/app.ts'

const [older, newer, newest] = ['older', 'newer', 'newest'].map(name => `${name} secret of thirty-two bytes or more`) as [string, string, string]

async function deploy (t: Test, secret: string | string[], options: SessionOptions = {}) {
  const app = await createApp(t, { secret, ...options })
  app.get('/', async request => request.session.get('user') ?? 'nobody')
  app.get('/untouched', async () => 'ok')
  app.get('/passive', { config: { session: { passive: true } } }, async request => request.session.get('user'))
  const get = async (url: string, cookie: string) => {
    const { body, headers } = await app.inject({ url, headers: { cookie } })
    return { body, cookie: String(headers['set-cookie'] ?? '').split(';')[0]! }
  }
  return { app, get }
}

for (const mode of ['seal', 'sign'] as const) {
  t.test(`${mode}: a cookie of an older secret is accepted, and sealed anew on the next touched response`, async t => {
    const backend = new CookieBackend({ mode })
    const before = await deploy(t, older, { backend })
    const { cookie } = await before.app.sessions.create({ user: 'ada' })
    const after = await deploy(t, [newer, older], { backend })
    t.equal((await after.get('/untouched', cookie)).cookie, '')
    const resealed = await after.get('/', cookie)
    t.equal(resealed.body, 'ada')
    t.ok(resealed.cookie)
    t.match(await (await deploy(t, newer, { backend })).get('/', resealed.cookie), { body: 'ada', cookie: '' })
    t.ok((await after.get('/passive', cookie)).cookie, 'a passive request too')
  })

  t.test(`${mode}: a secret that is gone ends its sessions`, async t => {
    const backend = new CookieBackend({ mode })
    const { cookie } = await (await deploy(t, older, { backend })).app.sessions.create({ user: 'ada' })
    t.match(await (await deploy(t, [newest, newer], { backend })).get('/', cookie), { body: 'nobody', cookie: '' })
  })
}

t.test('sealing anew by a passive request does not keep the session alive', async t => {
  let now = Date.now()
  const options = { idleTimeout: '1h', now: () => now }
  const { cookie } = await (await deploy(t, older, options)).app.sessions.create({ user: 'ada' })
  now += 50 * 60_000
  const after = await deploy(t, [newer, older], options)
  const { cookie: resealed } = await after.get('/passive', cookie)
  now += 11 * 60_000
  t.equal((await after.get('/', resealed)).body, 'nobody')
})

t.test('a cookie is bound to its name', async t => {
  const one = await deploy(t, older, { cookie: { name: 'one' } })
  const { cookie } = await one.app.sessions.create({ user: 'ada' })
  const two = await deploy(t, older, { cookie: { name: 'two' } })
  t.equal((await one.get('/', cookie)).body, 'ada')
  t.equal((await two.get('/', cookie.replace('one=', 'two='))).body, 'nobody')
})

t.test('a backend that is not registered says so', async t => {
  t.throws(() => new CookieBackend().read('text'), { code: 'SES_NOT_SUPPORTED', message: /hand it to the plugin/ })
})

t.test('options of the backend are checked', async t => {
  t.throws(() => new CookieBackend({ maxBytes: 20_000 }), { code: 'SES_INVALID_OPTIONS', message: /CookieBackend.maxBytes/ })
  t.throws(() => new CookieBackend({ mode: 'plain' as 'sign' }), { code: 'SES_INVALID_OPTIONS' })
})
