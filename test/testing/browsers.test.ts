import t from 'tap'
import { CookieJar, storageState } from '../../lib/testing/index.ts'
import { createSite, loose } from '../helpers/app.ts'
import { HOUR_MS } from '../helpers/times.ts'

t.test('a jar keeps who is signed in from request to request, and another jar is another browser', async t => {
  const { app } = await createSite(t, { backend: 'memory' })
  app.post('/login', async request => {
    await loose(request).login('7')
    return 'in'
  })
  app.get('/me', async request => ({ subject: loose(request).subject }))
  app.post('/logout', async request => { await loose(request).destroy() })
  const [jar, other] = [new CookieJar(app), new CookieJar(app)]
  t.equal((await jar.inject({ method: 'POST', url: '/login' })).body, 'in')
  t.strictSame((await jar.inject('/me')).json(), { subject: '7' })
  t.strictSame((await other.inject('/me')).json(), { subject: null })
  await jar.inject({ method: 'POST', url: '/logout' })
  t.equal(jar.header(), '')
})

t.test('a jar takes the cookie of app.sessions.create, and forgets it', async t => {
  const { app } = await createSite(t, { backend: 'memory' })
  app.get('/me', async request => ({ subject: loose(request).subject }))
  const { cookie } = await app.sessions.create({}, { subject: '7' })
  const jar = new CookieJar(app).add(cookie).add('')
  t.strictSame((await jar.inject({ path: '/me' })).json(), { subject: '7' })
  jar.clear()
  t.strictSame((await jar.inject({ url: { pathname: '/me' } })).json(), { subject: null })
})

t.test('a jar keeps cookies by name and path until their deadline', async t => {
  const clock = { now: 0 }
  const sent: unknown[] = []
  const lines: string[][] = []
  const app = {
    async inject ({ headers }: any) {
      sent.push(headers.cookie)
      const [line] = lines.splice(0, 1)
      return { headers: line === undefined ? {} : { 'set-cookie': line.length === 1 ? line[0] : line } }
    }
  }
  const jar = new CookieJar(app, { now: () => clock.now })
  lines.push(['a=1; Path=/', 'b=2; Path=/shop; Max-Age=60', 'c=3', 'd=4; Expires=Thu, 01 Jan 1970 01:00:00 GMT; Path=/', 'e=5; Expires=never; Path=/'])
  await jar.inject('/shop/cart?x=1')
  t.equal(jar.header('/shop/cart'), 'b=2; c=3; a=1; d=4; e=5')
  t.equal(jar.header('/shopping'), 'a=1; d=4; e=5')
  await jar.inject({ url: '/shop', headers: { Cookie: 'own=1' } })
  t.equal(sent.at(-1), 'own=1; b=2; c=3; a=1; d=4; e=5')
  clock.now = HOUR_MS
  t.equal(jar.header('/shop'), 'c=3; a=1; e=5')
  lines.push(['a=; Path=/; Max-Age=0'], ['f=6'])
  await jar.inject('/')
  await jar.inject('/top')
  t.equal(jar.header('/'), 'e=5; f=6')
  await jar.inject({ url: {} })
  await jar.inject({})
  t.equal(sent.at(-1), 'e=5; f=6')
})

t.test('the state of a browser for Playwright comes from app.sessions.create', async t => {
  const { app } = await createSite(t, { backend: 'memory' })
  const { cookie } = await app.sessions.create({}, { subject: '7' })
  const [name, value] = cookie.split('=') as [string, string]
  const shared = { domain: 'localhost', path: '/', expires: -1, httpOnly: true, sameSite: 'Lax' }
  t.strictSame(storageState(cookie, 'http://localhost:3000'), { cookies: [{ ...shared, name, value, secure: true }], origins: [] })
  const plain = storageState('session=a; session.1=b', 'http://localhost:3000', { path: '/app', sameSite: 'Strict' })
  t.strictSame(plain.cookies, [
    { ...shared, name: 'session', value: 'a', path: '/app', secure: false, sameSite: 'Strict' },
    { ...shared, name: 'session.1', value: 'b', path: '/app', secure: false, sameSite: 'Strict' }
  ])
  t.equal(storageState('session=a', 'https://example.com').cookies[0]!.secure, true)
  t.throws(() => storageState(cookie, 'localhost'), TypeError)
})
