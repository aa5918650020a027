import t from 'tap'
import type { SessionBackend } from '../../types/index.d.ts'
import { backendOf, createSite } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { HOUR_MS } from '../helpers/times.ts'

const backends: Record<string, () => SessionBackend> = {
  cookie: () => backendOf('cookie'), memory: () => backendOf('memory'), minimal: () => new MinimalBackend()
}

for (const [kind, newBackend] of Object.entries(backends)) {
  for (const operation of ['nothing more', 'a change', 'save', 'regenerateId'] as const) {
    t.test(`${kind}: a lifetime shorter than the age of the session ends it with this response (${operation})`, async t => {
      const backend = newBackend()
      const site = await createSite(t, { backend })
      const browser = site.browser()
      await browser.run(({ session }) => session.login('ann', { a: { b: 1 } }))
      const thief = browser.copy()
      site.clock.now += 2 * HOUR_MS
      const response = await browser.run(async ({ session }) => {
        if (operation === 'a change') session.a.b = 2
        session.setLifetime({ absoluteTimeout: '1h' })
        if (operation === 'save' || operation === 'regenerateId') {
          await session[operation]()
          t.strictSame([session.data(), session.subject, session.isNew, session.isModified], [{}, null, true, false])
          t.equal(session.createdAt.getTime(), site.clock.now)
        }
        return 'the answer'
      })
      t.equal(response.body, 'the answer')
      t.match(cookieLines(response), [/Max-Age=0/])
      t.equal(browser.cookies.size, 0)
      t.strictSame(site.warnings(), [])
      if (kind !== 'cookie') t.strictSame(await thief.data(), {}, 'the record is gone')
      if (backend instanceof MinimalBackend) t.equal(backend.records.size, 0)
      const reason = site.events.filter(({ type }) => type === 'destroyed').map(event => event.reason)
      t.strictSame(reason, operation === 'regenerateId' ? [] : ['lifetime'])
    })
  }

  t.test(`${kind}: after that a session of the same request starts anew`, async t => {
    const site = await createSite(t, { backend: newBackend() })
    const browser = site.browser()
    for (const operation of ['save', 'regenerateId'] as const) {
      await browser.run(({ session }) => session.login('ann', { a: 1 }))
      site.clock.now += 2 * HOUR_MS
      await browser.run(async ({ session }) => {
        session.setLifetime({ absoluteTimeout: '1h' })
        await session[operation]()
        session.flash = 'signed out'
      })
      await browser.run(({ session }) => {
        t.strictSame([session.data(), session.subject], [{ flash: 'signed out' }, null])
        t.equal(session.expiresAt.getTime(), site.clock.now + 14 * 24 * HOUR_MS)
      })
    }
  })

  t.test(`${kind}: a new life is younger than any lifetime`, async t => {
    const site = await createSite(t, { backend: newBackend() })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    site.clock.now += 2 * HOUR_MS
    await browser.run(async ({ session }) => {
      session.setLifetime({ absoluteTimeout: '1h' })
      await session.login('ann')
    })
    await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + HOUR_MS) })
    t.strictSame(await browser.data(), { a: 1 })
  })

  t.test(`${kind}: regenerateId() of a session whose time ends while the request runs rejects, and touches no cookie`, async t => {
    const site = await createSite(t, { backend: newBackend(), idleTimeout: 100, absoluteTimeout: 100 })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    const response = await browser.run(async ({ session }) => {
      site.clock.now += 100_000
      await t.rejects(session.regenerateId(), { code: 'SES_DESTROYED' })
    })
    t.strictSame(cookieLines(response), [])
  })
}

t.test('a session that a parallel request changes meanwhile ends all the same', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  site.clock.now += 2 * HOUR_MS
  await browser.run(async ({ session }) => {
    session.setLifetime({ absoluteTimeout: '1h' })
    await browser.copy().run(other => { other.session.b = 2 })
  })
  t.equal(browser.cookies.size, 0)
  t.equal(await site.app.sessions.count(), 0)
})

for (const [kind, newBackend] of Object.entries(backends)) {
  t.test(`${kind}: a session that is older than allowed before its first save is stored nowhere, and its cookie is not set`, async t => {
    const site = await createSite(t, { backend: newBackend(), absoluteTimeout: '1h', cookie: { persistent: true } })
    const browser = site.browser()
    const response = await browser.run(async ({ session }) => {
      session.user = 'ann'
      site.clock.now += HOUR_MS
      await t.rejects(session.save(), { code: 'SES_DESTROYED' })
    })
    t.strictSame(cookieLines(response), [])
    t.strictSame(site.events.map(({ type }) => type), ['conflict'])
  })
}
