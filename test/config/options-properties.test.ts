import assert from 'node:assert/strict'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { InvalidOptionsError, MemoryBackend, sessions, type SessionOptions } from '../../lib/index.ts'
import { parseLifetime } from '../../lib/config/lifetime-options.ts'
import { resolveOptions } from '../../lib/config/options.ts'
import { optionsSchema } from '../../lib/config/options-schema.ts'
import { RoutePolicies } from '../../lib/config/routes.ts'

const keysOf = (schema: object) => Object.keys((schema as { properties: object }).properties)
const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, withBoxedValues: true })
const bag = (keys: string[]) => fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, { weight: 1, arbitrary: fc.string() }), anything)
const cookieKeys = keysOf((optionsSchema as { properties: { cookie: object } }).properties.cookie)

function refusesByName (attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch (error) {
    return error instanceof InvalidOptionsError && error.message.length > 0
  }
}

t.test('whatever is given, options are accepted or refused with InvalidOptionsError', async t => {
  fc.assert(fc.property(fc.oneof(anything, bag(keysOf(optionsSchema)), bag(cookieKeys).map(cookie => ({ cookie }))),
    options => refusesByName(() => resolveOptions(options as SessionOptions))), { numRuns: 1_000 })
  t.pass()
})

t.test('so is the lifetime of one session, and so are options of a route', async t => {
  const settings = resolveOptions({})
  fc.assert(fc.property(bag(['idleTimeout', 'absoluteTimeout', 'persistent']),
    lifetime => refusesByName(() => parseLifetime(lifetime as never, settings.lifetime))))
  const policies = new RoutePolicies(settings)
  fc.assert(fc.property(fc.oneof(anything, bag(['autoload', 'passive', 'required', 'onUnavailable'])), session => refusesByName(() => policies.of({ session }, 'GET /'))))
  t.pass()
})

const seconds = fc.integer({ min: 1, max: 400 * 86_400 })
const duration = fc.oneof(seconds, seconds.map(value => `${value}s`))
const cookie = fc.record({
  name: fc.stringMatching(/^[a-z!#$%&'*+.^_`|~0-9A-Z-]{1,30}$/).filter(name => !/^__(host|secure)-/i.test(name)),
  path: fc.stringMatching(/^\/[a-z0-9/]{0,20}$/),
  domain: fc.domain(),
  httpOnly: fc.boolean(),
  sameSite: fc.constantFrom('lax', 'strict', 'none'),
  partitioned: fc.boolean(),
  priority: fc.constantFrom('low', 'medium', 'high'),
  secure: fc.constant(true),
  persistent: fc.boolean()
}, { requiredKeys: [] })
const valid = fc.record({
  secret: fc.oneof(fc.string({ minLength: 32 }), fc.uint8Array({ minLength: 32 }).map(bytes => Buffer.from(bytes)), fc.array(fc.string({ minLength: 32 }), { minLength: 1, maxLength: 3 })),
  backend: fc.constant(0).map(() => new MemoryBackend()),
  property: fc.stringMatching(/^[A-Za-z$_][A-Za-z0-9$_]{5,20}$/).map(name => `my${name}`),
  cookie,
  absoluteTimeout: fc.oneof(duration, fc.constant(null)),
  renewAfter: fc.double({ min: 0, max: 1, noNaN: true }),
  autoload: fc.oneof(fc.boolean(), fc.constantFrom('/app', '/app/*', /x/g, ['/a', /b/], () => true)),
  schema: fc.constantFrom({}, { type: 'object' }, { properties: { a: {} } }),
  schemaVersion: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  encrypt: fc.boolean(),
  onConflict: fc.constantFrom('merge', 'error', () => 1),
  onUnavailable: fc.constantFrom('error', 'anonymous'),
  timeout: duration
}, { requiredKeys: ['secret', 'backend'] })

t.test('valid options are accepted, and neither deadline is later than allowed', async t => {
  fc.assert(fc.property(valid, options => {
    const { lifetime: { idleMs, absoluteMs } } = resolveOptions(options as SessionOptions)
    assert.ok(idleMs > 0 && idleMs <= absoluteMs)
  }), { numRuns: 300 })
  t.pass()
})

t.test('valid options also make a plugin that starts and serves a session', async t => {
  await fc.assert(fc.asyncProperty(valid, async options => {
    const app = Fastify()
    await app.register(sessions, options as SessionOptions)
    const { property = 'session' } = options
    // Outside the cookie's path there is no session to store.
    const { path = '/' } = options.cookie ?? {}
    app.get(path, async request => {
      const session = (request as unknown as Record<string, SessionLike>)[property]!
      await session.load()
      session.set('a', 1)
    })
    const response = await app.inject(path)
    assert.equal(response.statusCode, 200, response.body)
    assert.ok(response.headers['set-cookie'])
  }), { numRuns: 50 })
  t.pass()
})

interface SessionLike { load (): Promise<void>, set (key: string, value: unknown): void }
