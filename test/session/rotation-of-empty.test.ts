import t from 'tap'
import { collectEvents, createSite, kinds } from '../helpers/app.ts'
import { START } from '../helpers/times.ts'

t.test('a session that was emptied keeps its creation and its lifetime with regenerateId()', async t => {
  const site = await createSite(t, { backend: 'memory' })
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

t.test('a session that was emptied starts over with regenerate(), and keeps the lifetime of a guest', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1; session.setLifetime({ idleTimeout: 60 }) })
  site.clock.now += 1_000
  await browser.run(async request => {
    await request.session.regenerate()
    t.equal(request.session.createdAt.getTime(), site.clock.now)
    request.session.b = 1
  })
  await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 60_000) })
})

t.test('clear() makes no guest of a user: the next regenerate() drops the lifetime', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(async ({ session }) => { await session.login('ann'); session.setLifetime({ idleTimeout: 60 }) })
  await browser.run(async request => {
    request.session.clear()
    await request.session.regenerate()
    request.session.b = 1
  })
  await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 14 * 86_400_000) })
})

t.test('a second request that wants a new id for a dead one does not clear the cookie of the first', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => session.login('ann'))
  for (const operation of ['regenerateId', 'regenerate']) {
    const late = browser.copy()
    await browser.run(({ session }) => session.regenerateId())
    const response = await late.run(({ session }) => session[operation]())
    t.equal(response.headers['set-cookie'], undefined, operation)
  }
  await browser.run(({ session }) => { t.equal(session.subject, 'ann') })
})

t.test('a new id for a session that is stored nowhere is no event', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  const events = collectEvents(t)
  await browser.run(({ session }) => session.regenerateId())
  t.strictSame(events, [])
})

for (const kind of kinds) {
  for (const operation of ['regenerateId', 'regenerate']) {
    t.test(`${kind}: ${operation}() of a session that is stored nowhere touches no cookie`, async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      const [unknown] = (await site.app.sessions.create({ a: 1 })).cookie.split('=')
      browser.cookies.set(unknown!, 'A'.repeat(43))
      const response = await browser.run(async ({ session }) => { await session[operation]() })
      t.equal(response.headers['set-cookie'], undefined)
    })
  }

  for (const operation of ['login', 'regenerate', 'regenerateId']) {
    t.test(`${kind}: the cookie of ${operation}() survives reply.hijack()`, async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
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

  t.test(`${kind}: that a session was emptied and regenerated survives reply.hijack()`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async (request, reply) => {
      await request.session.regenerate()
      reply.hijack()
      reply.raw.end('by hand')
    })
    t.equal(browser.cookies.size, 0)
  })
}
