import t, { type Test } from 'tap'
import { createSite, type Kind, kinds, loose, signedUp } from '../helpers/app.ts'
import { DAY_MS } from '../helpers/times.ts'

/** Routes that look at the session and routes that do not. All routes load the session first. */
async function visited (t: Test, kind: Kind) {
  const site = await createSite(t, { backend: kind, autoload: true, idleTimeout: '10d' })
  site.app.get('/untouched', async () => 'ok')
  site.app.get('/touched', async request => loose(request).get('user'))
  site.app.get('/required', { config: { session: { required: true } } }, async () => 'ok')
  site.app.get('/passive', { config: { session: { passive: true } } }, async request => loose(request).get('user'))
  site.app.get('/passive-required', { config: { session: { passive: true, required: true } } }, async () => 'ok')
  site.app.get('/passive-write', { config: { session: { passive: true } } }, async request => { loose(request).set('seen', 1) })
  site.app.get('/times', { config: { session: { passive: true } } }, async request => loose(request).lastAccessedAt.getTime())
  return site
}

for (const kind of kinds) {
  for (const [url, isUse] of [
    ['/untouched', false], ['/touched', true], ['/required', true], ['/passive', false], ['/passive-required', false]
  ] as const) {
    t.test(`${kind}: ${url} ${isUse ? 'counts' : 'does not count'} as use`, async t => {
      const site = await visited(t, kind)
      const cookie = await signedUp(site)
      site.clock.now += 5 * DAY_MS
      site.operations()
      t.equal((await site.app.inject({ url, headers: { cookie } })).statusCode, 200)
      const writes = site.operations().filter(operation => operation !== 'read')
      t.strictSame(writes, isUse ? [kind === 'cookie' ? 'write' : 'touch'] : [])
      t.equal(site.events.some(({ type }) => type === 'renewed'), isUse)
    })
  }

  t.test(`${kind}: a passive request that changes the session stores the change and does not keep it alive`, async t => {
    const site = await visited(t, kind)
    const before = await signedUp(site)
    const start = site.clock.now
    site.clock.now += 9 * DAY_MS
    const response = await site.app.inject({ url: '/passive-write', headers: { cookie: before } })
    const cookie = kind === 'cookie' ? response.headers['set-cookie'] as string : before
    t.equal((await site.app.inject({ url: '/times', headers: { cookie } })).json(), start)
    site.clock.now += DAY_MS
    t.equal((await site.app.inject({ url: '/required', headers: { cookie } })).statusCode, 401, 'it ends when it would have ended')
  })
}
