import t from 'tap'
import { CookieBackend, MemoryBackend, type SessionLifetime, type SessionOptions } from '../../lib/index.ts'
import { parseLifetime } from '../../lib/config/lifetime-options.ts'
import { resolveOptions } from '../../lib/config/options.ts'
import { OLD_SECRET, SECRET } from '../helpers/app.ts'
import { appWith, deepFreeze, show, store } from '../helpers/config.ts'
import { DAY_MS } from '../helpers/times.ts'

const lifetime = (options: SessionOptions) => {
  const { idleMs, absoluteMs } = resolveOptions(options).lifetime
  return [idleMs, absoluteMs]
}

t.test('nothing given means the defaults of the documentation', async t => {
  const settings = resolveOptions({})
  t.strictSame(settings.secrets, [])
  t.ok(settings.backend instanceof CookieBackend)
  t.equal(settings.property, 'session')
  t.strictSame(settings.cookie, {
    name: '__Host-session', path: '/', secure: true, httpOnly: true, sameSite: 'lax', partitioned: false
  })
  t.strictSame(settings.lifetime, { idleMs: 14 * DAY_MS, absoluteMs: 30 * DAY_MS, renewAfter: 0.25, persistent: false })
  t.equal(settings.autoload({} as never), true)
  t.equal(settings.codec.schemaVersion, 1)
  t.equal(settings.onConflict, 'merge')
  t.equal(settings.onUnavailable, 'error')
  t.equal(settings.timeoutMs, 5_000)
  t.equal(settings.now, Date.now)
})

t.test('what is given is what counts', async t => {
  const backend = new MemoryBackend()
  const settings = resolveOptions({
    secret: [SECRET, Buffer.from(OLD_SECRET)],
    backend,
    property: 'visit',
    cookie: { name: 'sid', path: '/app', domain: 'example.com', httpOnly: false, sameSite: 'strict', partitioned: true, priority: 'high', secure: true, persistent: true },
    idleTimeout: '1h',
    absoluteTimeout: '2h',
    renewAfter: 0,
    autoload: false,
    schemaVersion: 3,
    onConflict: 'error',
    onUnavailable: 'anonymous',
    timeout: '1.5s',
    now: () => 7
  })
  t.strictSame(settings.secrets.map(String), [SECRET, OLD_SECRET])
  t.equal(settings.backend, backend)
  t.equal(settings.property, 'visit')
  t.strictSame(settings.cookie, {
    name: 'sid', path: '/app', domain: 'example.com', httpOnly: false, sameSite: 'strict', partitioned: true, priority: 'high', secure: true
  })
  t.strictSame(settings.lifetime, { idleMs: 3_600_000, absoluteMs: 7_200_000, renewAfter: 0, persistent: true })
  t.equal(settings.autoload({} as never), false)
  t.equal(settings.codec.schemaVersion, 3)
  t.equal(settings.onConflict, 'error')
  t.equal(settings.onUnavailable, 'anonymous')
  t.equal(settings.timeoutMs, 1_500)
  t.equal(settings.now(), 7)
})

t.test('the cookie is named after the property, with __Host- exactly where browsers honour it', async t => {
  const settings = (cookie: SessionOptions['cookie']) => resolveOptions({ property: 'visit', ...(cookie && { cookie }) })
  const name = (cookie: SessionOptions['cookie']) => settings(cookie).cookie.name
  t.equal(name(undefined), '__Host-visit')
  t.equal(name({ secure: true, path: '/' }), '__Host-visit')
  t.match(settings({ secure: 'auto' }), { cookie: { name: '__Host-visit', secure: true }, plainCookie: { name: 'visit', secure: false } })
  t.match(settings({ secure: 'auto', path: '/app' }), { cookie: { name: 'visit' }, plainCookie: { name: 'visit' } })
  t.equal(name({ secure: false }), 'visit')
  t.equal(name({ path: '/app' }), 'visit')
  t.equal(name({ domain: 'example.com' }), 'visit')
})

t.test('each timeout makes room for the other one where only one is given', async t => {
  t.strictSame(lifetime({ idleTimeout: '60d' }), [60 * DAY_MS, 60 * DAY_MS])
  t.strictSame(lifetime({ idleTimeout: '1d' }), [DAY_MS, 30 * DAY_MS])
  t.strictSame(lifetime({ absoluteTimeout: 60 }), [60_000, 60_000])
  t.strictSame(lifetime({ absoluteTimeout: '20d' }), [14 * DAY_MS, 20 * DAY_MS])
  t.strictSame(lifetime({ absoluteTimeout: null }), [14 * DAY_MS, Infinity])
  t.strictSame(lifetime({ idleTimeout: '60d', absoluteTimeout: null }), [60 * DAY_MS, Infinity])
  t.strictSame(lifetime({ idleTimeout: '1h', absoluteTimeout: 3_600 }), [3_600_000, 3_600_000])
})

t.test('400 days are the most for a cookie that outlives the browser, whichever timeout says so', async t => {
  const persistent = { cookie: { persistent: true } }
  t.strictSame(lifetime({ ...persistent, idleTimeout: '400d' }), [400 * DAY_MS, 400 * DAY_MS])
  t.strictSame(lifetime({ ...persistent, absoluteTimeout: '400d' }), [14 * DAY_MS, 400 * DAY_MS])
  t.strictSame(lifetime({ ...persistent, absoluteTimeout: null }), [14 * DAY_MS, Infinity], 'the idle timeout alone bounds the cookie')
  t.strictSame(lifetime({ idleTimeout: '500d' }), [500 * DAY_MS, 500 * DAY_MS], 'no limit without')
})

t.test('nor may the lifetime of one session be longer, with what the options say', async t => {
  const TOO_LONG = { code: 'SES_INVALID_OPTIONS', message: /at most 400 days where `persistent` is true/ }
  const plain = resolveOptions({}).lifetime
  const persistent = resolveOptions({ cookie: { persistent: true } }).lifetime
  const long = resolveOptions({ idleTimeout: '30d', absoluteTimeout: '500d' }).lifetime
  t.throws(() => parseLifetime({ persistent: true, idleTimeout: '401d', absoluteTimeout: null }, plain), TOO_LONG)
  t.throws(() => parseLifetime({ persistent: true, absoluteTimeout: '401d' }, plain), TOO_LONG)
  t.throws(() => parseLifetime({ absoluteTimeout: '401d' }, persistent), TOO_LONG)
  t.throws(() => parseLifetime({ persistent: true }, long), {
    message: 'Expected `lifetime.absoluteTimeout` to be at most 400 days where `persistent` is true, got 43200000 (number); ' +
      'browsers keep no cookie for longer (RFC 6265bis, 5.5)'
  })
  t.same(parseLifetime({ persistent: true, idleTimeout: '400d', absoluteTimeout: '400d' }, long).persistent, true)
  t.same(parseLifetime({ persistent: true, absoluteTimeout: null }, long).persistent, true)
  t.same(parseLifetime({ persistent: false, idleTimeout: '500d' }, persistent).persistent, false)
  t.same(parseLifetime({ idleTimeout: '500d' }, plain), { idleTimeout: 500 * DAY_MS })
})

t.test('a timeout that no timer can hold is the longest that one can', async t => {
  t.equal(resolveOptions({ timeout: '30d' }).timeoutMs, 2 ** 31 - 1)
})

t.test('the clock may be finer than a millisecond', async t => {
  const app = await appWith(t, { backend: new MemoryBackend(), now: () => 1_800_000_000_000.75 })
  t.strictSame((await show(app, await store(app, { a: 1 }))).json(), { a: 1 })
})

t.test('secrets are copied, so that wiping the Buffer afterwards changes nothing', async t => {
  const secret = Buffer.from(SECRET)
  const { secrets } = resolveOptions({ secret })
  secret.fill(0)
  t.equal(String(secrets[0]), SECRET)
})

t.test('frozen options are accepted, and no options are changed', async t => {
  const options = () => ({
    secret: [SECRET],
    cookie: { sameSite: 'lax' as const },
    idleTimeout: '1h',
    autoload: ['/*', /^\/x/g],
    schema: { type: 'object', properties: { a: { type: 'integer' } } },
    serializer: { serialize: JSON.stringify, deserialize: JSON.parse },
    migrate: (data: Record<string, unknown>) => data
  })
  const given = options()
  const app = await appWith(t, deepFreeze(given))
  t.strictSame((await show(app, await store(app, { a: 1 }))).json(), { a: 1 })
  t.equal(JSON.stringify(given), JSON.stringify(options()))
  t.strictSame(Object.keys(given), Object.keys(options()))
})

t.test('what options resolve to cannot be changed', async t => {
  const settings = resolveOptions({ secret: SECRET })
  for (const part of [settings, settings.secrets, settings.cookie, settings.lifetime]) t.ok(Object.isFrozen(part))
})

t.test('the lifetime of one session is parsed by the same rules', async t => {
  const parse = (lifetime: SessionLifetime) => parseLifetime(lifetime, resolveOptions({}).lifetime)
  t.strictSame(parse({}), {})
  t.strictSame(parse({ idleTimeout: '1h', absoluteTimeout: null, persistent: true }), { idleTimeout: 3_600_000, absoluteTimeout: null, persistent: true })
  t.strictSame(parse({ absoluteTimeout: 60 }), { absoluteTimeout: 60_000 })
  t.ok(Object.isFrozen(parse({})))
  t.throws(() => parse({ idleTimeout: '0s' }), { code: 'SES_INVALID_OPTIONS', message: 'Expected `lifetime.idleTimeout` to be a finite duration above 0, got "0s" (string)' })
  t.throws(() => parse({ absoluteTimeout: '0s' }), { message: 'Expected `lifetime.absoluteTimeout` to be a finite duration above 0, got "0s" (string)' })
  t.throws(() => parse({ idleTimeout: 3, absoluteTimeout: 2 }), { message: 'Expected `lifetime.idleTimeout` to be at most `lifetime.absoluteTimeout` (2 s), got 3 s' })
  t.throws(() => parse({ idle: 1 } as never), { message: 'Unknown option `lifetime.idle`; the nearest known one is `lifetime.idleTimeout`' })
  t.throws(() => parse(null as never), { message: 'Expected `lifetime` to be an object with idleTimeout, absoluteTimeout or persistent, got null' })
})
