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

    for (const order of ['alone', 'after save()', 'after login()', 'after regenerateId()', 'after regenerate()', 'before save()', 'before regenerateId()', 'before login()'] as const) {
      for (const [from, to] of [[true, false], [false, true]] as const) {
        t.test(`${order} changes the cookie that outlives the browser (${from}) to one that does (${to})`, async t => {
          const browser = (await createSite(t, { backend: kind, idleTimeout: '7d', cookie: { persistent: from } })).browser()
          await browser.run(({ session }) => { session.a = 1 })
          const response = await browser.run(async request => {
            const [when, call = ''] = order.split(' ')
            const operation = call.replace('()', '')
            const argument = { login: 'ann', regenerate: ['a'] }[operation]
            if (when === 'after' && operation === 'save') request.session.b = 2
            if (when === 'after') await request.session[operation](argument)
            request.session.setLifetime({ persistent: to })
            if (when === 'before') await request.session[operation](argument)
          })
          t.match(cookieLines(response), [to ? /; Max-Age=604800;/ : /^(?!.*Max-Age)/])
          t.match(await browser.data(), { a: 1 })
        })
      }
    }

    t.test('says in each direction what holds, however often it is called in one request', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      const response = await browser.run(async ({ session }, reply) => {
        for (const persistent of [true, false, true, false]) {
          session.setLifetime({ persistent, idleTimeout: 60 })
          await session.save()
          t.match(cookieLines({ headers: { 'set-cookie': reply.getHeader('set-cookie') as string } }), [persistent ? /; Max-Age=60;/ : /^(?!.*Max-Age)/])
        }
      })
      t.match(cookieLines(response), [/^(?!.*Max-Age)/])
    })

    t.test('sends no cookie where none has to change', async t => {
      const browser = (await createSite(t, { backend: 'memory' })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      const response = await browser.run(({ session }) => { session.setLifetime({ idleTimeout: 60, persistent: false }) })
      t.strictSame(cookieLines(response), [])
    })

    t.test('shows in expiresAt what the commit stores, for a use that comes late too', async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: '2h' })
      const browser = site.browser()
      await browser.run(({ session }) => { session.a = 1 })
      site.clock.now += 6_000_000
      await browser.run(({ session }) => {
        session.setLifetime({ idleTimeout: '1h' })
        t.equal(session.expiresAt.getTime(), site.clock.now + 3_600_000)
      })
      await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 3_600_000) }, '/passive')
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

for (const kind of kinds) {
  for (const url of ['/', '/passive']) {
    t.test(`${kind}: touch() on ${url} shows in expiresAt at once, as it is stored, and never past the absolute deadline`, async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: 600, absoluteTimeout: 900 })
      const browser = site.browser()
      const left = async () => Number((await browser.run(({ session }) => (session.expiresAt - site.clock.now) / 1_000, '/passive')).body)
      const keepAlive = async () => {
        const response = await browser.run(({ session }) => {
          session.touch()
          return (session.expiresAt - site.clock.now) / 1_000
        }, url)
        return Number(response.body)
      }
      await browser.run(({ session }) => { session.a = 1 })
      site.clock.now += 100_000
      t.equal(await left(), 500)
      t.strictSame([await keepAlive(), await left()], [600, 600])
      site.clock.now += 400_000
      t.strictSame([await keepAlive(), await left()], [400, 400])
    })
  }

  t.test(`${kind}: touch() of a session that is not stored moves nothing`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: 600 })
    await site.browser().run(({ session }) => {
      const before = session.expiresAt.getTime()
      site.clock.now += 100_000
      session.touch()
      t.equal(session.expiresAt.getTime(), before)
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
  const tab = stricter.browser().take(browser)
  t.strictSame(await tab.data(), {})
})

for (const kind of kinds) {
  t.test(`${kind}: the lifetime that is stored is no change, also after a different one in the same request`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: 1_000 })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1; session.setLifetime({ idleTimeout: 100 }) })
    site.operations()
    await browser.run(({ session }) => {
      session.setLifetime({ idleTimeout: 200 })
      t.equal(session.isModified, true)
      session.setLifetime({ idleTimeout: 100 })
      t.equal(session.isModified, false)
    })
    t.strictSame(site.operations().filter(operation => operation !== 'read'), [])
  })
}

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
