import t, { type Test } from 'tap'
import { CookieBackend, type CookieOptions, type SessionBackend } from '../../lib/index.ts'
import { createApp, createSite, type Kind, kinds, loose, SECRET } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'

const NAMES = { https: '__Host-session', http: 'session' } as const
type Scheme = keyof typeof NAMES
const schemes = Object.keys(NAMES) as Scheme[]
const otherOf = (scheme: Scheme): Scheme => scheme === 'https' ? 'http' : 'https'

async function siteOf (t: Test, kind: Kind, cookie: CookieOptions = {}, trustProxy = true) {
  const site = await createSite(t, { backend: kind, cookie: { secure: 'auto', ...cookie }, server: { trustProxy } })
  site.app.get('/set/:value', async request => { loose(request)['value'] = (request.params as { value: string }).value })
  site.app.get('/long', async request => { loose(request)['text'] = 'x'.repeat(4_000) })
  site.app.get('/get', async request => ({ value: loose(request)['value'] ?? null }))
  site.app.get('/end', async request => { await loose(request).destroy() })
  /** As a proxy passes a request on; `host` is no name that browsers trust. */
  const ask = (protocol: string, url: string, cookie = '') =>
    site.app.inject({ url, headers: { host: 'example.org', 'x-forwarded-proto': protocol, ...(cookie && { cookie }) } })
  return { ...site, ask }
}

const nameOf = (line: string | undefined): string => line!.split('=', 1)[0]!

for (const kind of kinds) {
  for (const scheme of schemes) {
    t.test(`${kind}: on ${scheme} requests secure: 'auto' sets and reads ${NAMES[scheme]}, and leaves the cookie of the other scheme alone`, async t => {
      const { ask, warnings } = await siteOf(t, kind)
      const set = await ask(scheme, '/set/mine')
      t.equal(cookieLines(set).length, 1)
      t.equal(nameOf(cookieLines(set)[0]), NAMES[scheme])
      t.equal(/; Secure/.test(cookieLines(set)[0]!), scheme === 'https')
      const both = `${cookieOf(await ask(otherOf(scheme), '/set/other'))}; ${cookieOf(set)}`
      t.strictSame((await ask(scheme, '/get', both)).json(), { value: 'mine' })
      t.strictSame((await ask(otherOf(scheme), '/get', both)).json(), { value: 'other' })
      t.strictSame((await ask(otherOf(scheme), '/get', cookieOf(set))).json(), { value: null })
      t.strictSame(cookieLines(await ask(scheme, '/end', both)).map(nameOf), [NAMES[scheme]])
      t.strictSame((await ask(otherOf(scheme), '/get', both)).json(), { value: 'other' })
      t.strictSame(warnings(), [])
    })
  }

  t.test(`${kind}: without trustProxy nobody outside says that a request came over https`, async t => {
    const { ask } = await siteOf(t, kind, {}, false)
    t.equal(nameOf(cookieLines(await ask('https', '/set/a'))[0]), 'session')
  })

  t.test(`${kind}: a proxy that says wss means https`, async t => {
    const { ask } = await siteOf(t, kind)
    const cookie = cookieOf(await ask('https', '/set/a'))
    for (const protocol of ['wss', 'HTTPS']) t.strictSame((await ask(protocol, '/get', cookie)).json(), { value: 'a' })
    t.strictSame((await ask('ws', '/get', cookie)).json(), { value: null })
  })

  t.test(`${kind}: a name, a path or a domain of the application's own is the same on both schemes`, async t => {
    for (const [cookie, name] of [[{ name: 'sid' }, 'sid'], [{ domain: 'example.org' }, 'session'], [{ path: '/set' }, 'session']] as const) {
      const { ask } = await siteOf(t, kind, cookie)
      for (const scheme of schemes) {
        const [line] = cookieLines(await ask(scheme, '/set/a'))
        t.equal(nameOf(line), name)
        t.equal(/; Secure/.test(line!), scheme === 'https')
      }
    }
    const { ask } = await siteOf(t, kind, { name: 'sid' })
    t.strictSame((await ask('http', '/get', cookieOf(await ask('https', '/set/a')))).json(), { value: 'a' }, 'and so is the session')
  })

  t.test(`${kind}: app.sessions.create gives a cookie for each scheme, of one session`, async t => {
    const { app, ask, events } = await siteOf(t, kind)
    const { id, cookie } = await app.sessions.create({ value: 'made' } as never)
    t.match(cookie, /^__Host-session=[^;]+; session=[^;]+$/)
    for (const scheme of schemes) t.strictSame((await ask(scheme, '/get', cookie)).json(), { value: 'made' })
    t.equal((await app.sessions.open(cookie)).id, id)
    t.strictSame(events.map(event => [event.type, event.id]), [['created', id], ['loaded', id], ['loaded', id], ['loaded', id]])
  })

  t.test(`${kind}: app.sessions.open tries the name of https first, then that of http`, async t => {
    const { app, ask, events } = await siteOf(t, kind)
    const [https, http] = [cookieOf(await ask('https', '/set/https')), cookieOf(await ask('http', '/set/http'))]
    const opened = async (header?: string) => (await app.sessions.open(header) as { value?: string }).value ?? null
    t.strictSame([await opened(`${http}; ${https}`), await opened(https), await opened(http), await opened()], ['https', 'https', 'http', null])
    events.length = 0
    t.equal(await opened(`__Host-session=forged; ${http}`), 'http')
    t.equal(await opened('__Host-session=forged'), null)
    t.strictSame(events.map(({ type }) => type), ['rejected', 'loaded', 'rejected'])
  })
}

t.test('what was sealed for http does not open on https, nor the other way round', async t => {
  const { ask } = await siteOf(t, 'cookie')
  for (const scheme of schemes) {
    const value = cookieOf(await ask(scheme, '/set/a')).slice(NAMES[scheme].length)
    t.strictSame((await ask(otherOf(scheme), '/get', NAMES[otherOf(scheme)] + value)).json(), { value: null })
  }
})

t.test('the parts of a cookie that was split have the name of their scheme', async t => {
  const { ask } = await siteOf(t, 'cookie')
  for (const scheme of schemes) {
    const long = await ask(scheme, '/long')
    t.strictSame(cookieLines(long).map(nameOf), [NAMES[scheme], `${NAMES[scheme]}.1`])
    t.strictSame(cookieLines(await ask(scheme, '/end', cookieOf(long))).map(nameOf), [NAMES[scheme], `${NAMES[scheme]}.1`])
  }
})

/** A self-contained backend that counts what the plugin does with it; `isOne` binds to itself. */
function counting (isOne: boolean) {
  const done: string[] = []
  const make = (): SessionBackend => {
    const backend: SessionBackend = {
      selfContained: true,
      read: () => null,
      write: () => 'text',
      remove: () => {},
      prepare: () => { done.push('prepare') },
      close: () => { done.push('close') },
      bind ({ cookie: { name } }) {
        done.push(`bind ${name}`)
        return isOne ? backend : make()
      }
    }
    return backend
  }
  return { backend: make(), done }
}

t.test('a self-contained backend is bound once for each name, prepared and closed as often as there are backends', async t => {
  for (const [isOne, most] of [[false, 2], [true, 1]] as const) {
    const { backend, done } = counting(isOne)
    const app = await createApp(t, { backend, cookie: { secure: 'auto' } })
    await app.close()
    t.strictSame(done, ['bind __Host-session', 'bind session', ...Array(most).fill('prepare'), ...Array(most).fill('close')])
  }
  for (const cookie of [{ secure: true }, { secure: 'auto', name: 'sid' }] as const) {
    const { backend, done } = counting(false)
    await (await createApp(t, { backend, cookie })).close()
    t.equal(done.filter(what => what.startsWith('bind')).length, 1)
  }
})

t.test('two sessions with secure: auto and default names stand side by side in their cookies', async t => {
  const app = await createApp(t, { secret: SECRET, cookie: { secure: 'auto' } })
  const { default: sessions } = await import('../../lib/index.ts')
  await app.register(sessions, { secret: SECRET, property: 'admin', backend: new CookieBackend(), cookie: { secure: 'auto' } })
  app.get('/', async request => { loose(request)['a'] = 1; (request as never as { admin: { b: number } }).admin.b = 2 })
  t.strictSame(cookieLines(await app.inject('/')).map(nameOf).sort(), ['admin', 'session'])
})
