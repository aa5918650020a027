import t, { type Test } from 'tap'
import { backendOf, createSite, type Kind, kinds, loose, type LooseSession, signedUp, type SiteOptions } from '../helpers/app.ts'
import { cookieLines, cookieOf, shapes } from '../helpers/cookies.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'

const TAIL = '; Path=/; HttpOnly; Secure; SameSite=Lax'
const DAY_S = 86_400
/** More than the default share of the idle time, after which a use is written. */
const RENEWAL_MS = 4 * DAY_MS

const uses: Array<[string, (session: LooseSession) => unknown]> = [
  ['write', session => { session['n'] = (session['n'] as number ?? 0) + 1 }],
  ['save', session => { session['n'] = 1; return session.save() }],
  ['read', session => session.get('n')],
  ['touch', session => { session.touch() }],
  ['regenerateId', session => session.regenerateId()],
  ['regenerate', session => session.regenerate(['user'])],
  ['login', session => session.login('ada')],
  ['destroy', session => session.destroy()]
]

async function site (t: Test, kind: Kind, options: Omit<SiteOptions, 'backend'> = {}) {
  const site = await createSite(t, { ...options, backend: kind })
  for (const [name, use] of uses) site.app.get(`/${name}`, async request => { await use(loose(request)) })
  site.app.get('/remember', async request => { loose(request).setLifetime({ persistent: true, idleTimeout: '20d' }) })
  site.app.get('/age', async request => loose(request).expiresAt.getTime())
  return site
}

for (const kind of kinds) {
  const sent = `__Host-session=…${TAIL}`
  const cleared = `__Host-session=…; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${TAIL}`
  const ofWrites = kind === 'cookie' ? [sent] : []

  t.test(`${kind}: Set-Cookie is sent when a session is created`, async t => {
    const { app } = await site(t, kind)
    for (const url of ['/write', '/save', '/login']) t.strictSame(shapes(await app.inject(url)), [sent], url)
  })

  for (const [url, lines] of [
    ['/regenerateId', [sent]], ['/regenerate', [sent]], ['/login', [sent]], ['/destroy', [cleared]],
    ['/write', ofWrites], ['/save', ofWrites], ['/touch', ofWrites], ['/read', []], ['/nowhere', []]
  ] as const) {
    t.test(`${kind}: a stored session gets ${lines.length === 0 ? 'no' : 'one'} Set-Cookie at ${url}`, async t => {
      const wired = await site(t, kind)
      const cookie = await signedUp(wired)
      const response = await wired.app.inject({ url, headers: { cookie } })
      t.strictSame(shapes(response), lines)
      t.notOk(cookieOf(response) === cookie, 'and never the same text again')
    })
  }

  t.test(`${kind}: a renewal sends ${kind === 'cookie' ? 'the new text' : 'nothing'}`, async t => {
    const wired = await site(t, kind)
    const cookie = await signedUp(wired)
    wired.clock.now += RENEWAL_MS
    t.strictSame(shapes(await wired.app.inject({ url: '/read', headers: { cookie } })), ofWrites)
    t.match(wired.events.at(-1), { type: 'renewed' })
  })

  t.test(`${kind}: with persistent, Set-Cookie follows the deadline whenever that moves`, async t => {
    const wired = await site(t, kind, { idleTimeout: '10d', absoluteTimeout: '16d', cookie: { persistent: true } })
    const { app, clock } = wired
    let cookie = ''
    const maxAgeAt = async (url: string): Promise<number | null> => {
      const lines = cookieLines(await app.inject({ url, headers: { cookie } }))
      if (lines.length === 0) return null
      cookie = lines[0]!.split(';')[0]!
      return Number(/Max-Age=(\d+)/.exec(lines[0]!)?.[1])
    }
    t.equal(await maxAgeAt('/write'), 10 * DAY_S, 'created')
    t.equal(await maxAgeAt('/read'), null, 'not due yet')
    clock.now += 1 * DAY_MS
    t.equal(await maxAgeAt('/write'), (kind === 'cookie' ? 10 : 9) * DAY_S, 'written: only a cookie is made anew')
    clock.now += 3 * DAY_MS
    t.equal(await maxAgeAt('/read'), 10 * DAY_S, 'renewed')
    clock.now += HOUR_MS
    t.equal(await maxAgeAt('/touch'), 10 * DAY_S, 'touched by hand')
    clock.now += 5 * DAY_MS - HOUR_MS
    t.equal(await maxAgeAt('/read'), 7 * DAY_S, 'as far as the absolute deadline')
    clock.now += 500
    t.equal(await maxAgeAt('/write'), 7 * DAY_S, 'rounded up to a second')
    t.equal(await maxAgeAt('/regenerateId'), 7 * DAY_S)
    t.equal(await maxAgeAt('/login'), 10 * DAY_S, 'a new life')
  })

  t.test(`${kind}: a session made persistent by setLifetime() gets its Max-Age at once and at later writes`, async t => {
    const { app, clock } = await site(t, kind)
    let cookie = await signedUp({ app })
    for (const [url, maxAge] of [['/remember', 20 * DAY_S], ['/write', 20 * DAY_S - (kind === 'cookie' ? 0 : 3_600)]] as const) {
      const lines = cookieLines(await app.inject({ url, headers: { cookie } }))
      t.match(lines, [new RegExp(`; Max-Age=${maxAge};`)], url)
      cookie = lines[0]!.split(';')[0]!
      clock.now += HOUR_MS
    }
  })

  t.test(`${kind}: Max-Age is never more than the 400 days that browsers allow`, async t => {
    const wired = await createSite(t, { backend: kind, absoluteTimeout: null })
    wired.app.get('/', async request => {
      const session = loose(request).set('a', 1)
      t.throws(() => { session.setLifetime({ persistent: true, idleTimeout: '401d' }) }, { code: 'SES_INVALID_OPTIONS' })
      session.setLifetime({ persistent: true, idleTimeout: '400d' })
    })
    t.match(cookieLines(await wired.app.inject('/')), [/; Max-Age=34560000;/])
  })

  t.test(`${kind}: without an absolute timeout Max-Age is the idle timeout, and moves on with each renewal for years`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: '400d', absoluteTimeout: null, renewAfter: 0, cookie: { persistent: true } })
    const browser = site.browser()
    t.match(cookieLines(await browser.run(({ session }) => { session.a = 1 })), [/; Max-Age=34560000;/])
    for (let year = 0; year < 3; year++) {
      site.clock.now += 365 * 86_400_000
      t.match(cookieLines(await browser.run(({ session }) => session.a)), [/; Max-Age=34560000;/])
    }
  })

  t.test(`${kind}: each call of setLifetime() stands alone: longer than 400 days and persistent are never in force together`, async t => {
    const { app } = await createSite(t, { backend: kind })
    const long = { idleTimeout: '500d', absoluteTimeout: null } as const
    app.get('/:order', async request => {
      const session = loose(request).set('a', 1)
      const { order } = request.params as { order: string }
      if (order === 'together') t.throws(() => { session.setLifetime({ ...long, persistent: true }) }, { code: 'SES_INVALID_OPTIONS', message: /400 days/ })
      if (order === 'persistent-last') session.setLifetime(long)
      session.setLifetime({ persistent: true })
      if (order === 'long-last') session.setLifetime(long)
    })
    const maxAge = async (url: string) => /Max-Age=(\d+)/.exec(cookieLines(await app.inject(url))[0]!)?.[1]
    t.equal(await maxAge('/persistent-last'), String(14 * 86_400), 'the default idle timeout')
    t.equal(await maxAge('/together'), String(14 * 86_400), 'what was refused changed nothing')
    t.equal(await maxAge('/long-last'), undefined, 'a cookie that ends with the browser')
  })

  t.test(`${kind}: timeouts that became longer than 400 days by a deployment give Max-Age no more than 400 days`, async t => {
    const backend = backendOf(kind)
    const { call } = await createSite(t, { backend })
    const cookie = cookieOf(await call('/', '', ({ session }) => { session.setLifetime({ persistent: true }); session.a = 1 }))
    const later = await createSite(t, { backend, idleTimeout: '500d', absoluteTimeout: null, renewAfter: 0 })
    later.clock.now += 1_000
    t.match(cookieLines(await later.call('/', cookie, ({ session }) => session.a)), [/; Max-Age=34560000;/])
  })

  t.test(`${kind}: saved, signed in and changed again, one answer has one session cookie, of the session that stands`, async t => {
    const { app } = await createSite(t, { backend: kind })
    app.get('/', async request => {
      const session = loose(request).set('a', 1)
      await session.save()
      await session.login('ada')
      session['b'] = 2
    })
    app.get('/show', async request => ({ ...loose(request) }))
    const response = await app.inject('/')
    t.equal(cookieLines(response).length, 1)
    t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1, b: 2 })
  })

  t.test(`${kind}: created and destroyed in one request, the cookie that was put on the reply is cleared again`, async t => {
    const { app } = await createSite(t, { backend: kind })
    app.get('/', async request => {
      await loose(request).set('a', 1).save()
      await loose(request).destroy()
    })
    t.strictSame(shapes(await app.inject('/')), [cleared])
  })
}
