import t, { type Test } from 'tap'
import { createSite, type Kind, kinds, loose, signedUp, type SiteOptions } from '../helpers/app.ts'
import type { Job } from '../helpers/browser.ts'
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

t.test('a write of a stored session leaves the deadline where it is until a renewal is due', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 1_000, renewAfter: 0.25 })
  const browser = site.browser()
  const write = async () => {
    await browser.run(({ session }) => { session.n = (session.n ?? 0) + 1 })
    return (await browser.run(({ session }) => session.expiresAt.getTime(), '/passive')).json() as number
  }
  const first = await write()
  site.clock.now += 249_999
  t.equal(await write(), first)
  site.clock.now += 1
  t.equal(await write(), first + 250_000)
})

/** By how much a job moves the deadline of a session that was stored a minute ago. */
async function moved (t: Test, options: SiteOptions, job: Job): Promise<number> {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 1_000, ...options })
  const browser = site.browser()
  const deadline = async () => (await browser.run(({ session }) => session.expiresAt.getTime(), '/passive')).json() as number
  await browser.run(({ session }) => { session.n = 0 })
  const before = await deadline()
  site.clock.now += 60_000
  await browser.run(job)
  return await deadline() - before
}

t.test('what moves the deadline with each write', async t => {
  t.equal(await moved(t, {}, ({ session }) => { session.n = 1 }), 0, 'by default nothing')
  t.equal(await moved(t, { renewAfter: 0 }, ({ session }) => { session.n = 1 }), 60_000, 'renewAfter 0')
  t.equal(await moved(t, {}, ({ session }) => { session.n = 1; session.touch() }), 60_000, 'touch()')
  t.equal(await moved(t, {}, ({ session }) => { session.setLifetime({ idleTimeout: 1_001 }) }), 61_000, 'another lifetime')
  t.equal(await moved(t, { seenEvery: 60 }, ({ session }) => { session.n = 1 }), 60_000, 'seenEvery, when that is due')
  t.equal(await moved(t, { seenEvery: 61 }, ({ session }) => { session.n = 1 }), 0)
  t.equal(await moved(t, { backend: 'cookie' }, ({ session }) => { session.n = 1 }), 60_000, 'a cookie is made anew each time')
})

t.test('setLifetime() with the lifetime that is stored leaves the deadline where it is', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 1_000 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.setLifetime({ persistent: true, idleTimeout: 1_000 }); session.n = 0 })
  const deadline = site.clock.now + 1_000_000
  site.clock.now += 60_000
  await browser.run(({ session }) => { session.setLifetime({ persistent: true, idleTimeout: 1_000 }); session.n = 1 })
  t.equal((await browser.run(({ session }) => session.expiresAt.getTime(), '/passive')).json(), deadline)
})
