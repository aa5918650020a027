import t from 'tap'
import { BackendUnavailableError, InvalidOptionsError, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createApp } from '../helpers/app.ts'
import { appWith, store } from '../helpers/config.ts'

const wrong: Array<[session: unknown, problem: string]> = [
  [null, 'Expected `GET /x: config.session` to be true, false, or an object of route options, got null'],
  ['no', 'Expected `GET /x: config.session` to be true, false, or an object of route options, got "no" (string)'],
  [[], 'Expected `GET /x: config.session` to be true, false, or an object of route options, got a value of type array'],
  [{ autolod: true }, 'Unknown option `GET /x: config.session.autolod`; the nearest known one is `GET /x: config.session.autoload`'],
  [{ autoload: 1 }, 'Expected `GET /x: config.session.autoload` to be a boolean, got 1 (number)'],
  [{ passive: 'yes' }, 'Expected `GET /x: config.session.passive` to be a boolean, got "yes" (string)'],
  [{ required: 'admin' }, 'Expected `GET /x: config.session.required` to be true, false, \'subject\' or an object with subject, fresh or level, got "admin" (string)'],
  [{ onUnavailable: 'x' }, 'Expected `GET /x: config.session.onUnavailable` to be \'error\' or \'anonymous\', got "x" (string)']
]

for (const [session, message] of wrong) {
  t.test(`adding a route throws: ${message}`, async t => {
    const app = await appWith(t, { backend: new MemoryBackend() })
    t.throws(() => app.get('/x', { config: { session } as never }, async () => ''), new InvalidOptionsError(message))
  })
}

t.test('the route key follows the property', async t => {
  const app = await createApp(t, { backend: new MemoryBackend(), property: 'visit' })
  t.throws(() => app.get('/x', { config: { visit: 1 } as never }, async () => ''), { message: /`GET \/x: config\.visit`/ })
  t.doesNotThrow(() => app.get('/y', { config: { session: 1 } as never }, async () => ''))
})

t.test('routes of a scope inside are checked as well', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  app.register(async child => { child.get('/x', { config: { session: { required: 'x' as never } } }, async () => '') })
  await t.rejects(Promise.resolve(app.ready()), { code: 'SES_INVALID_OPTIONS' })
})

t.test('a route added before the plugin is checked at its first request, and served when right', async t => {
  const app = await createApp(t, { backend: new MemoryBackend() }, {
    before (app) {
      app.get('/wrong', { config: { session: { required: 'x' as never } } }, async () => '')
      app.get('/right', { config: { session: { required: true } } }, async () => '')
    }
  })
  const response = await app.inject('/wrong')
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'SES_INVALID_OPTIONS', message: /^Expected `\/wrong: config\.session\.required`/ })
  t.equal((await app.inject('/right')).statusCode, 401)
})

t.test('so is the 404 handler', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  const options = { config: { session: { required: 'x' } } }
  app.setNotFoundHandler(options as never, async () => 'not found')
  t.match((await app.inject('/nowhere')).json(), { code: 'SES_INVALID_OPTIONS', message: /^Expected `the 404 handler: config\.session\.required`/ })
})

t.test('the 404 handler has a session', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  app.setNotFoundHandler(async request => ({ ...request.session }))
  t.strictSame((await app.inject({ url: '/nowhere', headers: { cookie: await store(app, { a: 1 }) } })).json(), { a: 1 })
})

t.test('false means no session at all: no read, no write, no cookie', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend })
  app.get('/off', { config: { session: false } }, async request => {
    t.equal(request.session, null)
    return 'ok'
  })
  const cookie = await store(app, { a: 1 })
  backend.calls.length = 0
  const response = await app.inject({ url: '/off', headers: { cookie } })
  t.equal(response.body, 'ok')
  t.equal(response.headers['set-cookie'], undefined)
  t.strictSame(backend.calls, [])
})

t.test('true means what the registration says', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  app.get('/on', { config: { session: true } }, async request => request.session.isLoaded)
  t.equal((await app.inject('/on')).body, 'true')
})

t.test('routes may share one config object, frozen too', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  const config = Object.freeze({ session: Object.freeze({ required: true }) })
  for (const url of ['/a', '/b']) app.get(url, { config }, async () => '')
  for (const url of ['/a', '/b', '/a']) t.equal((await app.inject(url)).statusCode, 401)
})

t.test('onUnavailable of the route goes before that of the registration, either way', async t => {
  for (const onUnavailable of ['error', 'anonymous'] as const) {
    const backend = new FaultyBackend(new MemoryBackend())
    const app = await appWith(t, { backend, onUnavailable })
    for (const own of ['error', 'anonymous'] as const) app.get(`/${own}`, { config: { session: { onUnavailable: own } } }, async request => request.session.isEmpty)
    app.get('/usual', async request => request.session.isEmpty)
    app.get('/passive', { config: { session: { passive: true } } }, async request => request.session.isEmpty)
    const headers = { cookie: await store(app, { a: 1 }) }
    backend.fail('read')
    const usual = onUnavailable === 'error' ? 503 : 200
    for (const [url, status] of [['/error', 503], ['/anonymous', 200], ['/usual', usual], ['/passive', usual]] as const) {
      const response = await app.inject({ url, headers })
      t.equal(response.statusCode, status, `${url} under ${onUnavailable}`)
      t.equal(response.headers['retry-after'], status === 503 ? '5' : undefined)
      t.equal(response.headers['set-cookie'], undefined)
      if (status === 503) t.match(response.json(), { code: new BackendUnavailableError('').code })
      else t.equal(response.body, 'true')
    }
  }
})
