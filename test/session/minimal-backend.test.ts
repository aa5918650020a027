import t from 'tap'
import { MinimalBackend, UntouchableBackend } from '../helpers/minimal-backend.ts'
import { bench, START } from '../helpers/session-bench.ts'

t.test('a backend of three methods keeps sessions, regenerates and ends them', async t => {
  const backend = new MinimalBackend()
  const browser = (await bench(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  const old = browser.copy()
  await browser.run(({ session }) => session.login('ann', { b: 2 }))
  t.strictSame([await old.data(), await browser.data(), backend.records.size], [{}, { a: 1, b: 2 }, 1])
  await browser.run(({ session }) => session.destroy())
  t.equal(backend.records.size, 0)
})

t.test('it is read right before it is written', async t => {
  const browser = (await bench(t, { backend: new MinimalBackend() })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.b = 2 })
    session.c = 3
  })
  t.strictSame(await browser.data(), { a: 1, b: 2, c: 3 })
})

t.test('a session that becomes empty is removed from it', async t => {
  const backend = new MinimalBackend()
  const browser = (await bench(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(({ session }) => { delete session.a })
  t.strictSame([backend.records.size, browser.cookies.size], [0, 0])
})

t.test('deadlines are checked whatever the backend does', async t => {
  const site = await bench(t, { backend: new MinimalBackend(), idleTimeout: 10 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  site.clock.now += 10_000
  t.strictSame(await browser.data(), {})
})

t.test('a backend that cannot move deadlines is written to instead', async t => {
  const clock = { now: START }
  const site = await bench(t, { backend: new UntouchableBackend(() => clock.now), now: () => clock.now, idleTimeout: 100 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  clock.now += 60_000
  await browser.run(({ session }) => session.a)
  clock.now += 60_000
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('and a session that has ended meanwhile stays so', async t => {
  const clock = { now: START }
  const site = await bench(t, { backend: new UntouchableBackend(() => clock.now), now: () => clock.now })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await site.app.sessions.revoke(session.id)
    session.touch()
  })
  t.strictSame(await browser.data(), {})
})
