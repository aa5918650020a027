import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { MemoryBackend, sessions, type SessionOptions } from '../../lib/index.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { refusalOf } from '../helpers/config.ts'
import { cookieOf } from '../helpers/cookies.ts'

const taken = 'a name that requests do not have already'
const OWNERS = 'Fastify, the application, a different session plugin, or this one registered before, has it'
type OtherSession = { other: { set (key: string, value: unknown): void, get (key: string): unknown } }

async function registered (t: Test, options: SessionOptions = {}): Promise<FastifyInstance> {
  return await createApp(t, { secret: SECRET, ...options })
}

t.test('several registrations work side by side, on one backend too', async t => {
  const backend = new MemoryBackend()
  const app = await registered(t, { backend })
  await app.register(sessions, { secret: SECRET, backend, property: 'other' })
  app.get('/set', async request => {
    request.session.set('a', 1);
    (request as unknown as OtherSession).other.set('a', 2)
  })
  app.get('/get', async request => [request.session.get('a'), (request as unknown as OtherSession).other.get('a')])
  const cookie = cookieOf(await app.inject('/set'))
  t.match(cookie, /__Host-session=.*__Host-other=/)
  t.strictSame((await app.inject({ url: '/get', headers: { cookie } })).json(), [1, 2])
  t.equal(await app.sessions.count(), 1)
  const swapped = cookie.replace('session=', 'x=').replace('other=', 'session=').replace('x=', 'other=')
  t.strictSame((await app.inject({ url: '/get', headers: { cookie: swapped } })).json(), [null, null], 'neither accepts the token of the other')
})

t.test('a repeated property is refused', async t => {
  const error = await refusalOf({ secret: SECRET, cookie: { name: 'other' } }, await registered(t))
  t.match(error, { code: 'SES_INVALID_OPTIONS', message: `Expected \`property\` to be ${taken}, got "session" (string); ${OWNERS}; register with another property` })
})

t.test('so it is in a scope inside, whichever was registered first', async t => {
  const outerFirst = await registered(t)
  outerFirst.register(async child => { await child.register(sessions, { secret: SECRET, cookie: { name: 'other' } }) })
  await t.rejects(Promise.resolve(outerFirst.ready()), { code: 'SES_INVALID_OPTIONS' })

  const innerFirst = Fastify()
  await innerFirst.register(async child => { await child.register(sessions, { secret: SECRET }) })
  const error = await refusalOf({ secret: SECRET, cookie: { name: 'other' } }, innerFirst)
  t.match(error.message, 'Expected `property` to be a name that no registration in a scope inside has already, got "session" (string)')
})

t.test('scopes beside each other share nothing and may repeat it', async t => {
  const app = Fastify()
  for (const prefix of ['/a', '/b']) {
    await app.register(async child => {
      await child.register(sessions, { secret: SECRET })
      child.get('/', async request => { request.session.set('a', prefix) })
    }, { prefix })
  }
  app.get('/c', async request => typeof request.session)
  t.match(cookieOf(await app.inject('/a')), '__Host-session=')
  t.match(cookieOf(await app.inject('/b')), '__Host-session=')
  t.equal((await app.inject('/c')).body, 'undefined', 'and the scope around them has none')
})

t.test('a scope inside has the session of the one around it', async t => {
  const app = await registered(t)
  await app.register(async child => { child.get('/', async request => { request.session.set('a', 1) }) })
  t.match(cookieOf(await app.inject('/')), '__Host-session=')
})

for (const property of ['body', 'id', 'log', 'raw', 'params', 'query', 'headers', 'server', 'url', 'routeOptions', 'cookies', 'toString', 'constructor', '__proto__']) {
  t.test(`the property ${property} is refused, since every request has it`, async t => {
    const error = await refusalOf({ secret: SECRET, property })
    t.match(error, { code: 'SES_INVALID_OPTIONS' })
    t.ok(error.message.startsWith(`Expected \`property\` to be ${taken}, got "${property}" (string)`))
  })
}

t.test('a decorator of the application is refused as property', async t => {
  const app = Fastify()
  app.decorateRequest('user', null as never)
  t.match(await refusalOf({ secret: SECRET, property: 'user' }, app), { code: 'SES_INVALID_OPTIONS', message: 'got "user" (string)' })
})

t.test('a property whose plural the application has is refused', async t => {
  const app = Fastify()
  app.decorate('users', [])
  t.match((await refusalOf({ secret: SECRET, property: 'user' }, app)).message, 'Expected `property` to be a name whose plural (app.users) is free, got "user" (string)')
})

for (const [first, second] of [['sid', 'sid'], ['sid', 'sid.1'], ['sid.9', 'sid']] as const) {
  t.test(`the cookie ${second} beside ${first} is refused: they overlap`, async t => {
    const app = await registered(t, { cookie: { name: first } })
    t.match((await refusalOf({ secret: SECRET, property: 'other', cookie: { name: second } }, app)).message,
      `Expected \`cookie.name\` to be a name that does not overlap with another registration's (${first}), got "${second}" (string)`)
  })
}

for (const [auto, taken] of [['first', '__Host-session'], ['first', 'session.1'], ['second', '__Host-session.9'], ['second', 'session']] as const) {
  t.test(`both names of secure: 'auto' are taken: ${taken} is refused beside it, which is registered ${auto}`, async t => {
    const options: SessionOptions[] = [{ secret: SECRET, cookie: { secure: 'auto' } }, { secret: SECRET, property: 'other', cookie: { name: taken } }]
    if (auto === 'second') options.reverse()
    const error = await refusalOf(options[1]!, await registered(t, options[0]))
    const [theirs, ours] = auto === 'first' ? [taken.replace(/\..*/, ''), taken] : [taken, taken.replace(/\..*/, '')]
    t.match(error.message, `does not overlap with another registration's (${theirs}), got "${ours}" (string)`)
  })
}

t.test('an overlapping cookie is found whichever scope comes first', async t => {
  const app = Fastify()
  await app.register(async child => { await child.register(sessions, { secret: SECRET, property: 'other', cookie: { name: 'sid' } }) })
  t.match((await refusalOf({ secret: SECRET, cookie: { name: 'sid' } }, app)).message, 'does not overlap')
})

t.test('cookies that only look alike are fine', async t => {
  for (const [first, second] of [['sid', 'sid2'], ['sid', 'sid.x'], ['sid', 'sid.10'], ['sid', 'SID']] as const) {
    const app = await registered(t, { cookie: { name: first } })
    await app.register(sessions, { secret: SECRET, property: 'other', cookie: { name: second } })
    t.ok(app.hasRequestDecorator('other'))
  }
})
