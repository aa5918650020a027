import t from 'tap'
import { MinimalBackend, UntouchableBackend } from '../helpers/minimal-backend.ts'
import { createSite } from '../helpers/app.ts'
import { START } from '../helpers/times.ts'

t.test('a backend of three methods keeps sessions, regenerates and ends them', async t => {
  const backend = new MinimalBackend()
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  const old = browser.copy()
  await browser.run(({ session }) => session.login('ann', { b: 2 }))
  t.strictSame([await old.data(), await browser.data(), backend.records.size], [{}, { a: 1, b: 2 }, 1])
  await browser.run(({ session }) => session.destroy())
  t.equal(backend.records.size, 0)
})

t.test('it is read right before it is written', async t => {
  const browser = (await createSite(t, { backend: new MinimalBackend() })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.b = 2 })
    session.c = 3
  })
  t.strictSame(await browser.data(), { a: 1, b: 2, c: 3 })
})

t.test('a session that becomes empty is removed from it', async t => {
  const backend = new MinimalBackend()
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(({ session }) => { delete session.a })
  t.strictSame([backend.records.size, browser.cookies.size], [0, 0])
})

t.test('deadlines are checked whatever the backend does', async t => {
  const site = await createSite(t, { backend: new MinimalBackend(), idleTimeout: 10 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  site.clock.now += 10_000
  t.strictSame(await browser.data(), {})
})

t.test('a backend that cannot move deadlines is written to instead', async t => {
  const clock = { now: START }
  const site = await createSite(t, { backend: new UntouchableBackend(() => clock.now), now: () => clock.now, idleTimeout: 100 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  clock.now += 60_000
  await browser.run(({ session }) => session.a)
  clock.now += 60_000
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('and a session that has ended meanwhile stays so', async t => {
  const clock = { now: START }
  const site = await createSite(t, { backend: new UntouchableBackend(() => clock.now), now: () => clock.now })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await site.app.sessions.revoke(session.id)
    session.touch()
  })
  t.strictSame(await browser.data(), {})
})

t.test('a renewal reads again first: a slow request that only reads undoes neither a logout nor a change', async t => {
  for (const [meanwhile, after] of [
    [(other: any) => other.session.destroy(), {}],
    [(other: any) => { other.session.a = 2 }, { a: 2 }]
  ] as const) {
    const backend = new MinimalBackend()
    const site = await createSite(t, { backend, idleTimeout: 100 })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    site.clock.now += 60_000
    await browser.run(async ({ session }) => {
      t.equal(session.a, 1)
      await browser.copy().run(meanwhile)
    })
    t.strictSame(await browser.data(), after)
    if (backend.records.size > 0) t.equal(backend.only.expiresAt, site.clock.now + 100_000, 'and the deadline has moved')
  }
})

t.test('a renewal writes back data of an older schema version as such', async t => {
  const backend = new MinimalBackend()
  const first = (await createSite(t, { backend })).browser()
  await first.run(({ session }) => { session.old = 1 })
  const migrate = ({ old }: any) => ({ renamed: old })
  const site = await createSite(t, { backend, schemaVersion: 2, migrate, idleTimeout: 100 })
  site.clock.now += 60_000
  const browser = site.browser().take(first)
  for (let n = 0; n < 2; n++) t.strictSame(await browser.data(), { renamed: 1 })
})
