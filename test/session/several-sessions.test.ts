import Fastify from 'fastify'
import t from 'tap'
import sessions, { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { collectEvents, createApp, SECRET } from '../helpers/app.ts'

async function twoSessions (t: any): Promise<any> {
  const backend = new MemoryBackend()
  const app: any = await createApp(t, { secret: SECRET, backend })
  await app.register(sessions, { secret: SECRET, backend, property: 'admin' })
  app.get('/', async ({ session, admin }: any) => { session.a = 1; admin.b = 2 })
  app.get('/read', async ({ session, admin }: any) => [session.data(), admin.data()])
  app.get('/no-admin', { config: { admin: false } }, async ({ session, admin }: any) => [session.data(), admin])
  app.get('/leave', async ({ admin }: any) => admin.destroy())
  return app
}

const cookieOf = (response: any) => response.cookies.map(({ name, value }: any) => `${name}=${value}`).join('; ')

t.test('several registrations work side by side', async t => {
  const app = await twoSessions(t)
  const cookie = cookieOf(await app.inject('/'))
  t.match(cookie, /__Host-session=.*__Host-admin=/)
  t.strictSame((await app.inject({ url: '/read', headers: { cookie } })).json(), [{ a: 1 }, { b: 2 }])
  t.strictSame([await app.sessions.count(), await app.admins.count()], [1, 1])
})

t.test('a token of one is none of the other', async t => {
  const app = await twoSessions(t)
  const { cookies } = await app.inject('/')
  const swapped = cookies.map(({ name }: any, index: number) => `${name}=${cookies[1 - index].value}`).join('; ')
  t.strictSame((await app.inject({ url: '/read', headers: { cookie: swapped } })).json(), [{}, {}])
})

t.test('a route can switch one of them off, and destroy one of them', async t => {
  const app = await twoSessions(t)
  const cookie = cookieOf(await app.inject('/'))
  t.strictSame((await app.inject({ url: '/no-admin', headers: { cookie } })).json(), [{ a: 1 }, null])
  await app.inject({ url: '/leave', headers: { cookie } })
  t.strictSame((await app.inject({ url: '/read', headers: { cookie } })).json(), [{ a: 1 }, {}])
})

t.test('events say which of them', async t => {
  const events = collectEvents(t)
  const app = await twoSessions(t)
  await app.inject('/')
  t.strictSame(events.map(({ type, property }) => [type, property]), [['created', 'session'], ['created', 'admin']])
})

t.test('one of them cannot be assigned either', async t => {
  const app = await twoSessions(t)
  app.get('/assign', async (request: any) => { request.admin = {} })
  t.equal((await app.inject('/assign')).json().code, 'SES_RESERVED_KEY')
})

t.test('a name that requests have already is refused', async t => {
  for (const property of ['body', 'id', 'cookies', 'session']) {
    const app = Fastify()
    t.teardown(() => app.close())
    if (property === 'session') await app.register(sessions, { backend: new MemoryBackend() })
    await t.rejects(Promise.resolve(app.register(sessions, { backend: new MemoryBackend(), property })), { code: 'SES_INVALID_OPTIONS' }, property)
  }
})

for (const [what, backend] of [['cookie', new CookieBackend()], ['signed cookie', new CookieBackend({ mode: 'sign' })], ['memory', new MemoryBackend()]] as const) {
  t.test(`${what}: a session is nothing to the registration of a different property, with the same secret and name of the cookie`, async t => {
    const options = { secret: SECRET, backend, cookie: { name: 'sid' } }
    const users: any = await createApp(t, { ...options, property: 'user' })
    const admins: any = await createApp(t, { ...options, property: 'admin' })
    admins.get('/', { config: { admin: { required: true } } }, async () => 'secret')
    const { cookie } = await users.users.create({ a: 1 }, { subject: 'root' })
    t.equal((await users.users.open(cookie)).subject, 'root')
    t.equal((await admins.admins.open(cookie)).subject, null)
    t.equal((await admins.inject({ url: '/', headers: { cookie } })).statusCode, 401)
  })
}
