import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { createSite, kinds } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { DAY_MS } from '../helpers/times.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    t.test('login gives a new id and a new life, keeps all data, and sets subject and data', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      await browser.run(({ session }) => { session.basket = [1]; session.name = 'guest' })
      site.clock.now += 10_000
      await browser.run(async request => {
        const { session } = request
        const { id } = session
        await session.login('ann', { name: 'Ann' })
        t.equal(request.session, session)
        t.not(session.id, id)
        t.equal(session.subject, 'ann')
        t.strictSame(session.data(), { basket: [1], name: 'Ann' })
        t.equal(session.createdAt.getTime(), site.clock.now)
      })
      await browser.run(({ session }) => { t.equal(session.subject, 'ann') })
      t.strictSame(await browser.data(), { basket: [1], name: 'Ann' })
    })

    t.test('login keeps a lifetime that was set for this session', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      await browser.run(async ({ session }) => {
        session.setLifetime({ idleTimeout: 100 })
        await session.login('ann')
      })
      await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 100_000) })
    })

    t.test('a second login of a different subject starts from nothing', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const ids = new Set()
      await browser.run(async ({ session }) => {
        await session.login('ann', { a: 1 })
        ids.add(session.id)
        await session.login('bob')
        ids.add(session.id)
      })
      t.equal(ids.size, 2)
      await browser.run(({ session }) => { t.strictSame([session.subject, session.data()], ['bob', {}]) })
    })

    for (const moment of ['at once', 'after clear()', 'with changes of the same request'] as const) {
      t.test(`a login over the session of another subject (${moment}) has neither its data nor its lifetime`, async t => {
        const site = await createSite(t, { backend: kind })
        const browser = site.browser()
        await browser.run(async ({ session }) => {
          await session.login('ann', { card: { of: 'Ann' } })
          session.setLifetime({ persistent: true, idleTimeout: '60d', absoluteTimeout: '90d' })
        })
        const response = await browser.run(async ({ session }) => {
          if (moment === 'after clear()') session.clear()
          if (moment === 'with changes of the same request') session.card.seen = session.visited = true
          await session.login('bob', { at: 'bob' })
          t.strictSame(session.data(), { at: 'bob' })
          t.equal(session.expiresAt.getTime(), site.clock.now + 14 * DAY_MS)
        })
        t.match(cookieLines(response), [/^(?!.*Max-Age)/])
        await browser.run(({ session }) => {
          t.strictSame([session.subject, session.data()], ['bob', { at: 'bob' }])
          t.equal(session.expiresAt.getTime(), site.clock.now + 14 * DAY_MS)
        })
      })
    }

    t.test('a login of the same subject keeps data and lifetime', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      await browser.run(async ({ session }) => {
        await session.login(7, { a: 1 })
        session.setLifetime({ idleTimeout: 60 })
      })
      await browser.run(({ session }) => session.login('7', { b: 2 }))
      await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 60_000) })
      t.strictSame(await browser.data(), { a: 1, b: 2 })
    })

    t.test('a session with a subject and no data is stored', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(async ({ session }) => {
        await session.login('ann')
        t.equal(session.isEmpty, false)
      })
      await browser.run(({ session }) => { t.equal(session.subject, 'ann') })
    })
  })
}

t.test('a login twice leaves only the last session alive', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(async ({ session }) => {
    await session.login('ann')
    await session.login('bob')
  })
  const { sessions } = await site.app.sessions.list()
  t.strictSame(sessions.map(({ subject }) => subject), ['bob'])
})

t.test('a login in a session that was ended meanwhile brings nothing of it back', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.secret = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => other.session.destroy())
    await session.login('ann', { fresh: true })
    t.strictSame(session.data(), { fresh: true })
  })
  t.strictSame(await browser.data(), { fresh: true })
})

t.test('a login of a different subject in a session that was ended meanwhile has the lifetime of the options', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(async ({ session }) => { await session.login('ann'); session.setLifetime({ idleTimeout: 60 }) })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => other.session.destroy())
    await session.login('bob')
  })
  await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 14 * DAY_MS) })
})

t.test('data of a login over a different subject are of this deployment, whatever wrote the data before', async t => {
  const backend = new MemoryBackend()
  const browser = (await createSite(t, { backend, schemaVersion: 2 })).browser()
  await browser.run(({ session }) => session.login('ann', { a: 1 }))
  const older = (await createSite(t, { backend })).browser()
  older.take(browser)
  await older.run(({ session }) => session.login('bob', { b: 1 }))
  const next = (await createSite(t, { backend, schemaVersion: 2, migrate: data => ({ ...data, migrated: true }) })).browser()
  next.take(older)
  t.strictSame(await next.data(), { b: 1, migrated: true })
})

t.test('a subject must be text that every store can keep', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(async ({ session }) => {
    for (const subject of ['', 7.5, null, undefined, {}, 'a\0b', 'a\ud800b']) {
      await t.rejects(session.login(subject), { code: 'SES_NOT_SERIALIZABLE', path: 'subject' })
    }
    t.equal(session.subject, null)
  })
})

t.test('data that cannot be stored leave the session as it was', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    const { id } = session
    await t.rejects(session.login('ann', { n: 1n }), { code: 'SES_NOT_SERIALIZABLE' })
    t.strictSame([session.id, session.subject, session.data()], [id, null, { a: 1 }])
  })
  t.strictSame(await browser.data(), { a: 1 })
})
