import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { backends, bench, START } from '../helpers/session-bench.ts'
import { recordEvents } from '../helpers/session-events.ts'

t.test('a session that was emptied keeps its creation and its lifetime with regenerateId()', async t => {
  const site = await bench(t, { backend: new MemoryBackend() })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1; session.setLifetime({ idleTimeout: 60 }) })
  site.clock.now += 1_000
  await browser.run(async ({ session }) => {
    session.clear()
    await session.regenerateId()
    t.equal(session.createdAt.getTime(), START)
    session.b = 1
  })
  await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), START + 61_000) })
})

t.test('a session that was emptied starts over with regenerate()', async t => {
  const site = await bench(t, { backend: new MemoryBackend() })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1; session.setLifetime({ idleTimeout: 60 }) })
  site.clock.now += 1_000
  await browser.run(async request => {
    await request.session.regenerate()
    t.equal(request.session.createdAt.getTime(), site.clock.now)
    request.session.b = 1
  })
  await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 14 * 86_400_000) })
})

t.test('a new id for a session that is stored nowhere is no event', async t => {
  const browser = (await bench(t, { backend: new MemoryBackend() })).browser()
  const events = recordEvents(t)
  await browser.run(({ session }) => session.regenerateId())
  t.strictSame(events, [])
})

for (const [name, create] of backends) {
  for (const operation of ['login', 'regenerate', 'regenerateId']) {
    t.test(`${name}: the cookie of ${operation}() survives reply.hijack()`, async t => {
      const browser = (await bench(t, { backend: create() })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      const before = browser.header
      await browser.run(async (request, reply) => {
        await request.session[operation](operation === 'login' ? 'ann' : operation === 'regenerate' ? ['a'] : undefined)
        reply.hijack()
        reply.raw.end('by hand')
      })
      t.not(browser.header, before)
      t.strictSame(await browser.data(), { a: 1 })
    })
  }

  t.test(`${name}: that a session was emptied and regenerated survives reply.hijack()`, async t => {
    const browser = (await bench(t, { backend: create() })).browser()
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async (request, reply) => {
      await request.session.regenerate()
      reply.hijack()
      reply.raw.end('by hand')
    })
    t.equal(browser.cookies.size, 0)
  })
}
