import t from 'tap'
import { backendOf, createSite, kinds } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend, setLifetime()`, async t => {
    t.test('is stored with the session and kept by later saves', async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: 100, absoluteTimeout: 1_000, renewAfter: 0 })
      const browser = site.browser()
      await browser.run(({ session }) => {
        session.a = 1
        session.setLifetime({ idleTimeout: '1h', absoluteTimeout: '2h' })
        t.equal(session.expiresAt.getTime(), site.clock.now + 3_600_000)
      })
      site.clock.now += 3_000_000
      await browser.run(({ session }) => { session.a = 2 })
      site.clock.now += 3_000_000
      await browser.run(({ session }) => { t.equal(session.a, 2) })
      await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), session.createdAt.getTime() + 7_200_000) })
      site.clock.now += 1_200_000
      t.strictSame(await browser.data(), {}, 'and it ends when it says')
    })

    t.test('can take the absolute deadline away', async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: 100, absoluteTimeout: 100, renewAfter: 0 })
      const browser = site.browser()
      await browser.run(({ session }) => {
        session.a = 1
        session.setLifetime({ absoluteTimeout: null })
      })
      site.clock.now += 99_000
      await browser.run(({ session }) => session.a)
      site.clock.now += 99_000
      t.strictSame(await browser.data(), { a: 1 })
    })

    t.test('makes the cookie of this session outlive the browser', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const response = await browser.run(({ session }) => {
        session.a = 1
        session.setLifetime({ idleTimeout: 100, persistent: true })
      })
      t.match(cookieLines(response), [/; Max-Age=100;/])
      const other = await browser.run(({ session }) => { session.a = 2 })
      t.match(cookieLines(other), [/; Max-Age=100;/], 'and so do later cookies')
    })

    t.test('is a change, unless it says what holds already', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1; session.setLifetime({ idleTimeout: 100 }) })
      await browser.run(({ session }) => {
        session.setLifetime({ idleTimeout: '100s' })
        t.equal(session.isModified, false)
        session.setLifetime({ idleTimeout: 101 })
        t.equal(session.isModified, true)
      })
    })
  })
}

t.test('a session without a lifetime of its own follows the options in force', async t => {
  const backend = backendOf('memory')
  const site = await createSite(t, { backend, idleTimeout: 1_000 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const stricter = await createSite(t, { backend, idleTimeout: 10 })
  stricter.clock.now += 10_000
  const tab = stricter.browser()
  for (const [name, value] of browser.cookies) tab.cookies.set(name, value)
  t.strictSame(await tab.data(), {})
})

t.test('setLifetime() refuses what is no lifetime and changes nothing', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => {
    for (const lifetime of [{ idleTimeout: 0 }, { idleTimeout: 'soon' }, { absoluteTimeout: -1 }, { persistent: 'yes' }, { unknown: 1 }, null, 7,
      { idleTimeout: 20, absoluteTimeout: 10 }]) {
      t.throws(() => session.setLifetime(lifetime), { code: 'SES_INVALID_OPTIONS' }, JSON.stringify(lifetime))
    }
    t.equal(session.isModified, false)
  })
})
