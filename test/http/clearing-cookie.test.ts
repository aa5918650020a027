import t from 'tap'
import type { CookieOptions } from '../../lib/index.ts'
import { createSite, kinds, loose } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'

const configurations: Array<[string, CookieOptions, string?]> = [
  ['the defaults', {}],
  ['a path and a domain', { path: '/app', domain: 'example.org' }],
  ['neither Secure nor HttpOnly', { secure: false, httpOnly: false }],
  ['SameSite=None and Partitioned', { sameSite: 'none', partitioned: true }],
  ['SameSite=Strict and a priority', { sameSite: 'strict', priority: 'high' }],
  ['a name of its own', { name: '__Secure-sid', persistent: true }],
  ['secure: auto on https', { secure: 'auto' }, 'https'],
  ['secure: auto on http', { secure: 'auto' }, 'http']
]

/** Name and attributes of a line, without the attributes of its lifetime. */
function identity (line: string): string[] {
  const [pair, ...attributes] = line.split('; ')
  return [pair!.split('=')[0]!, ...attributes.filter(attribute => !/^(Max-Age|Expires)=/.test(attribute))]
}

for (const kind of kinds) {
  for (const [what, cookie, protocol = 'https'] of configurations) {
    t.test(`${kind}: with ${what}, the clearing cookie repeats what the cookie was set with`, async t => {
      const { app } = await createSite(t, { backend: kind, cookie, server: { trustProxy: true } })
      app.get('/app/set', async request => { loose(request)['a'] = 1 })
      app.get('/app/clear', async request => { await loose(request).destroy() })
      app.get('/app/empty', async request => { loose(request).clear() })
      const headers = { 'x-forwarded-proto': protocol }
      for (const url of ['/app/clear', '/app/empty']) {
        const set = await app.inject({ url: '/app/set', headers })
        const cleared = await app.inject({ url, headers: { ...headers, cookie: cookieOf(set) } })
        t.equal(cookieLines(cleared).length, 1)
        const [line] = cookieLines(cleared)
        t.strictSame(identity(line!), identity(cookieLines(set)[0]!))
        t.match(line, /^[^=]+=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; /)
        t.equal(/; Secure/.test(line!), protocol === 'https' && cookie.secure !== false)
      }
    })
  }
}

t.test('all parts of a cookie that was split are cleared, and leftovers of a longer one too', async t => {
  const { app } = await createSite(t, { backend: 'cookie' })
  app.get('/long', async request => { loose(request)['text'] = 'x'.repeat(4_000) })
  app.get('/short', async request => { loose(request)['text'] = 'x' })
  app.get('/clear', async request => { await loose(request).destroy() })
  const long = await app.inject('/long')
  t.strictSame(cookieLines(long).map(line => identity(line)[0]), ['__Host-session', '__Host-session.1'])
  const cookie = cookieOf(long)
  const short = await app.inject({ url: '/short', headers: { cookie } })
  t.match(cookieLines(short), [/^__Host-session=[^;]/, /^__Host-session\.1=; Max-Age=0;/])
  const cleared = await app.inject({ url: '/clear', headers: { cookie } })
  t.match(cookieLines(cleared), [/^__Host-session=; Max-Age=0;/, /^__Host-session\.1=; Max-Age=0;/])
  for (const response of [short, cleared]) {
    for (const line of cookieLines(response)) t.strictSame(identity(line).slice(1), identity(cookieLines(long)[0]!).slice(1))
  }
})
