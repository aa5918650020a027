import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { optionsFrom } from '../../lib/migrate.ts'
import { createApp, loose } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

const KEY = Buffer.alloc(32, 7)

t.test('the options of @fastify/session as ours', async t => {
  const store = { get () {}, set () {}, destroy () {} }
  const { backend, ...options } = optionsFrom('@fastify/session', {
    secret: 'short',
    cookieName: 'adminjs',
    store,
    saveUninitialized: false,
    rolling: true,
    algorithm: 'sha512',
    cookie: { path: '/admin', secure: false, maxAge: 90_000, sameSite: true, httpOnly: true, domain: undefined, partitioned: false, expires: null }
  })
  t.equal(backend!.constructor.name, 'ExpressStoreBackend')
  t.strictSame(options, {
    idleTimeout: 90,
    cookie: { name: 'adminjs', path: '/admin', secure: false, persistent: true, sameSite: 'strict', httpOnly: true, partitioned: false }
  })
})

t.test('the options of express-session as ours', async t => {
  const { backend, ...options } = optionsFrom('express-session', {
    secret: ['short'],
    name: 'sid',
    resave: false,
    unset: 'keep',
    cookie: { secure: 'auto', maxAge: null, sameSite: false, domain: 'example.com', priority: 'high' }
  })
  t.type(backend, MemoryBackend)
  t.strictSame(options, { cookie: { name: 'sid', secure: 'auto', sameSite: 'lax', domain: 'example.com', priority: 'high' } })
  t.strictSame(optionsFrom('express-session', { cookie: { domain: null, sameSite: 'None' } }).cookie, { sameSite: 'none' })
})

t.test('the options of @fastify/secure-session as ours', async t => {
  const { backend, ...options } = optionsFrom('@fastify/secure-session', {
    key: [KEY, KEY.toString('base64')], sessionName: 'visit', cookieName: 'v', expiry: 3_600, cookie: { path: '/', maxAge: 60 }
  })
  t.type(backend, CookieBackend)
  t.strictSame(options, { secret: [KEY, KEY], property: 'visit', idleTimeout: 60, cookie: { name: 'v', path: '/', persistent: true } })
  t.strictSame(optionsFrom('@fastify/secure-session', { secret: 'x'.repeat(32), salt: 'y' }).secret, 'x'.repeat(32))
  t.strictSame(optionsFrom('@fastify/secure-session', { key: KEY }).secret, KEY)
})

t.test('an application runs with options that were translated', async t => {
  const app = await createApp(t, optionsFrom('@fastify/session', { secret: 'x', cookieName: 'adminjs', cookie: { secure: false, maxAge: 60_000 } }))
  app.get('/', async request => { loose(request)['user'] = 'ada' })
  t.match(cookieLines(await app.inject('/'))[0], /^adminjs=.*Max-Age=60; Path=\/; HttpOnly/)
})

t.test('what has no counterpart is an error that names the option and the remedy', async t => {
  const refused = (peer: never, options: object, message: RegExp) => {
    t.throws(() => optionsFrom(peer, options), { code: 'SES_INVALID_OPTIONS', message })
  }
  refused('@fastify/session' as never, { idGenerator () {} }, /`idGenerator` has no counterpart: ids are made by the plugin/)
  refused('@fastify/session' as never, { saveUninitialized: true }, /`saveUninitialized` to be false, or left out, got true.*empty session is never stored/)
  refused('@fastify/session' as never, { rolling: false }, /`rolling` to be true.*absoluteTimeout/)
  refused('@fastify/session' as never, { cookiePrefix: 's:' }, /`cookiePrefix`/)
  refused('@fastify/session' as never, { cookie: { maxAge: -1 } }, /`cookie\.maxAge` to be a number above 0/)
  refused('@fastify/session' as never, { cookie: { sameSite: 'no' } }, /`cookie\.sameSite`/)
  refused('@fastify/session' as never, { cookie: { sameSite: 5 } }, /`cookie\.sameSite`/)
  refused('@fastify/session' as never, { cookie: 'x' }, /`cookie` to be an object/)
  refused('@fastify/session' as never, { store: {} }, /a store for express-session/)
  refused('express-session' as never, { proxy: true }, /`proxy` has no counterpart.*trustProxy/)
  refused('express-session' as never, { colour: 'red' }, /`colour` has no counterpart: it is no option of the library/)
  refused('express-session' as never, { cookie: { expires: new Date() } }, /`cookie\.expires`.*maxAge/)
  refused('@fastify/secure-session' as never, { expiry: 0 }, /`expiry` to be a number of seconds/)
  refused('@fastify/secure-session' as never, { key: 5 }, /`key` to be a Buffer/)
  refused('@fastify/secure-session' as never, [{ key: KEY }], /one object of options.*once for each session/)
  refused('toString' as never, {}, /`peer` to be one of @fastify\/session, express-session, @fastify\/secure-session/)
})
