import t, { type Test } from 'tap'
import type { CookieOptions } from '../../lib/index.ts'
import { createSite, type Kind, kinds, loose } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

const HINT = /^The Secure cookie __Host-session was sent on a plain-http request.*`trustProxy`.*`cookie\.secure` to 'auto'$/

async function creating (t: Test, kind: Kind, cookie: CookieOptions = {}, trustProxy = false) {
  const site = await createSite(t, { backend: kind, cookie, server: { trustProxy } })
  site.app.get('/', async request => { loose(request)['a'] = 1 })
  site.app.get('/untouched', async () => 'ok')
  return site
}

const ask = (host: string, more: object = {}) => ({ url: '/', headers: { host, ...more } })

for (const kind of kinds) {
  t.test(`${kind}: a Secure cookie on a plain-http request is sent all the same, and warned about once, with the remedy`, async t => {
    const { app, warnings } = await creating(t, kind)
    await app.inject({ url: '/untouched', headers: { host: 'example.org' } })
    t.strictSame(warnings(), [], 'not before one is sent')
    for (let visit = 0; visit < 3; visit++) {
      t.match(cookieLines(await app.inject(ask('example.org'))), [/^__Host-session=.*; Secure/])
    }
    t.match(warnings(), [HINT])
    t.equal(warnings().length, 1)
  })

  for (const host of ['localhost', 'localhost:3000', 'app.localhost:3000', '127.0.0.1', '127.0.0.1:3000', '127.1.2.3', '[::1]:3000']) {
    t.test(`${kind}: there is no warning on ${host}, which browsers trust`, async t => {
      const { app, warnings } = await creating(t, kind)
      t.match(cookieLines(await app.inject(ask(host))), [/; Secure/])
      t.strictSame(warnings(), [])
    })
  }

  for (const [browser, isWarned, userAgent] of [
    ['Safari', true, 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15'],
    ['Safari of a phone', true, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1'],
    ['Chrome', false, 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36'],
    ['Android', false, 'Mozilla/5.0 (Linux; U; Android 4.0) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30'],
    ['Firefox', false, 'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0']
  ] as const) {
    t.test(`${kind}: on localhost ${browser} is ${isWarned ? 'warned of once, since it drops the cookie' : 'not warned of'}`, async t => {
      const { app, warnings } = await creating(t, kind)
      for (let visit = 0; visit < 2; visit++) await app.inject(ask('localhost:3000', { 'user-agent': userAgent }))
      t.equal(warnings().length, isWarned ? 1 : 0)
    })
  }

  for (const host of ['localhost.example.org', 'notlocalhost', '127.example.org', '127.0.0.1.example.org']) {
    t.test(`${kind}: ${host} only looks like localhost`, async t => {
      const { app, warnings } = await creating(t, kind)
      await app.inject(ask(host))
      t.match(warnings(), [HINT])
    })
  }

  t.test(`${kind}: behind a trusted proxy that ends TLS there is no warning`, async t => {
    const { app, warnings } = await creating(t, kind, {}, true)
    t.match(cookieLines(await app.inject(ask('example.org', { 'x-forwarded-proto': 'https' }))), [/; Secure/])
    t.strictSame(warnings(), [])
  })

  t.test(`${kind}: a proxy that is not trusted makes no request secure`, async t => {
    const { app, warnings } = await creating(t, kind)
    await app.inject(ask('example.org', { 'x-forwarded-proto': 'https' }))
    t.match(warnings(), [HINT])
  })

  for (const secure of [false, 'auto'] as const) {
    t.test(`${kind}: with secure: ${secure} the cookie is not Secure on plain http, and nothing is to be warned about`, async t => {
      const { app, warnings } = await creating(t, kind, { secure })
      const lines = cookieLines(await app.inject(ask('example.org')))
      t.match(lines, [/^session=/])
      t.notMatch(lines.join(), /Secure/)
      t.strictSame(warnings(), [])
    })
  }
}
