import Fastify from 'fastify'
import t from 'tap'
import { devices } from '../../lib/devices.ts'
import { CookieBackend, MemoryBackend, sessions } from '../../lib/index.ts'
import { fromExpressStore } from '../../lib/express-store.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { createApp, createSite, SECRET } from '../helpers/app.ts'
import { devicesSite, idOf, PREFIX, registering } from '../helpers/devices.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

class Lists extends MinimalBackend {
  list () { return { sessions: [], cursor: null } }
}

class Store {
  get (_id: string, done: (error: null, data: null) => void) { done(null, null) }
  set (_id: string, _data: object, done: () => void) { done() }
  destroy (_id: string, done: () => void) { done() }
}

const unfit: ReadonlyArray<[SessionBackend, RegExp]> = [
  [new CookieBackend(), /^CookieBackend does not support list\(\)/],
  [fromExpressStore(new Store()), /does not support (?:list|revokeSubject)\(\)/],
  [new MinimalBackend(), /^MinimalBackend does not support list\(\)/],
  [new Lists(), /^Lists does not support revokeSubject\(\)/]
]

t.test('a backend that cannot list or end the sessions of a user does not start', async t => {
  for (const [backend, message] of unfit) {
    const app = await createApp(t, { backend, secret: SECRET })
    await t.rejects(registering(app), { code: 'SES_NOT_SUPPORTED', message })
  }
})

t.test('wrong options do not start', async t => {
  const wrong: ReadonlyArray<[object, RegExp]> = [
    [{ proprety: 'session' }, /Unknown option `devices.proprety`; the nearest known one is `devices.property`/],
    [{ property: '' }, /`devices.property` to be a string that is not empty/],
    [{ property: 5 }, /`devices.property` to be a string that is not empty/],
    [{ property: 'admin' }, /`devices.property` to be the property of sessions that are registered already.*, got "admin".*register fastsessions before/],
    [{ origins: 'https://app.example' }, /`devices.origins` to be an array of origins/],
    ...['https://app.example/', 'app.example', '*', 'null', 'HTTPS://app.example', 5, null].map(origin =>
      [{ origins: [origin] }, /`devices.origins` to be origins as browsers write them/] as [object, RegExp])
  ]
  for (const [options, message] of wrong) {
    const app = await createApp(t, { backend: new MemoryBackend() })
    await t.rejects(registering(app, options), { code: 'SES_INVALID_OPTIONS', message }, JSON.stringify(options))
  }
  const tooEarly = createApp(t, { backend: new MemoryBackend() }, { before: app => registering(app) })
  await t.rejects(tooEarly, { code: 'SES_INVALID_OPTIONS', message: /got "session".*register fastsessions before/ })
})

t.test('options of Fastify are no mistake', async t => {
  const app = await createApp(t, { backend: new MemoryBackend() })
  await app.register(devices, { prefix: PREFIX, logLevel: 'warn', logSerializers: {}, property: undefined, origins: undefined })
  t.ok(app.hasRoute({ method: 'DELETE', url: `${PREFIX}/:id` }))
})

t.test('sessions of another property have devices of their own', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const backend = new MemoryBackend()
  await app.register(sessions, { backend })
  await app.register(sessions, { backend, property: 'admin', cookie: { name: 'admin' } })
  await app.register(devices, { prefix: '/admin/sessions', property: 'admin' })
  const site: { admins: typeof app.sessions } = app as never
  const admin = await site.admins.create({}, { subject: 'ann' })
  const user = await app.sessions.create({}, { subject: 'ann' })
  const ask = async (cookie: string, path = '', method: 'GET' | 'DELETE' = 'GET') =>
    await app.inject({ method, url: `/admin/sessions${path}`, headers: { cookie } })
  t.match((await ask(admin.cookie)).json().sessions, { length: 1, 0: { id: admin.id, current: true } })
  t.equal((await ask(user.cookie)).statusCode, 401)
  t.equal((await ask(admin.cookie, `/${user.id}`, 'DELETE')).statusCode, 404)
  t.equal(await app.sessions.exists(user.id), true)
})

t.test('hooks and the error handler of the scope around apply', async t => {
  const site = await createSite(t, { backend: 'memory' })
  await site.app.register(async scope => {
    scope.addHook('onRequest', async (_request, reply) => { reply.header('x-scope', 'around') })
    scope.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
      reply.code(error.statusCode ?? 500).send({ problem: error.message }))
    await scope.register(devices, { prefix: PREFIX })
  })
  const { cookie } = await site.app.sessions.create({}, { subject: 'ann' })
  const ask = async (method: 'GET' | 'DELETE', path: string) => await site.app.inject({ method, url: PREFIX + path, headers: { cookie } })
  const list = await ask('GET', '')
  t.match([list.statusCode, list.headers['x-scope']], [200, 'around'])
  t.strictSame((await ask('DELETE', '/unknown')).json(), { problem: 'There is no such session' })
})

t.test('an application whose schemas are of another kind keeps its compilers, and the devices work', async t => {
  const site = await devicesSite(t, {
    before: app => {
      app.setValidatorCompiler(() => { throw new Error('no schema of this kind') })
      app.setSerializerCompiler(() => () => 'serialized')
    }
  })
  site.app.get('/own', { schema: { response: { 200: {} } } }, async () => ({}))
  const browser = await site.signIn('ann')
  t.match(await site.devicesOf(browser), [{ id: await idOf(browser) }])
  t.match((await site.ask(browser, 'DELETE', '/unknown')).json(), { statusCode: 404, error: 'Not Found', message: 'There is no such session' })
  t.equal((await site.app.inject('/own')).body, 'serialized')
})

t.test('routes describe themselves, and require a subject', async t => {
  const described: Array<[string, unknown, unknown]> = []
  const site = await devicesSite(t, {
    before: app => {
      app.addHook('onRoute', ({ method, url, schema, config }) => {
        if (url.startsWith(PREFIX) && method !== 'HEAD') described.push([`${String(method)} ${url}`, schema, config])
      })
    }
  })
  await site.app.ready()
  t.strictSame([...new Set(described.map(([route]) => route))], [`GET ${PREFIX}`, `DELETE ${PREFIX}/:id`, `DELETE ${PREFIX}`])
  for (const [route, schema, config] of described) {
    t.match(schema, { summary: String, tags: ['sessions'], response: { 401: Object } }, route)
    t.strictSame((config as { session?: unknown }).session, { required: { subject: true } }, route)
  }
})
