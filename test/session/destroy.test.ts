import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createApp, createSite, kinds, SECRET } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend, destroy()`, async t => {
    t.test('clears the cookie', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      const response = await browser.run(({ session }) => session.destroy())
      t.match(cookieLines(response), [/^__Host-session=; Max-Age=0/])
      t.strictSame(await browser.data(), {})
    })

    t.test('leaves a session that reads as empty', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => session.login('ann', { a: 1 }))
      await browser.run(async request => {
        await request.session.destroy()
        const { session } = request
        t.strictSame([session.a, session.get('a'), session.has('a'), session.data()], [undefined, undefined, false, {}])
        t.strictSame([session.subject, session.isEmpty, session.isModified, session.isLoaded], [null, true, false, true])
        t.strictSame([Object.keys(session), JSON.stringify(session)], [[], '{}'])
      })
    })

    t.test('is terminal: a second one resolves, anything else throws SessionDestroyedError', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      const response = await browser.run(async request => {
        await request.session.destroy()
        const { session } = request
        t.equal(await session.destroy(), undefined)
        const refused = { code: 'SES_DESTROYED', statusCode: 409 }
        t.throws(() => { session.b = 1 }, refused)
        t.throws(() => delete session.a, refused)
        t.throws(() => Object.defineProperty(session, 'b', { value: 1 }), refused)
        for (const change of ['set', 'delete', 'clear', 'update', 'touch', 'setLifetime']) t.throws(() => session[change]('a', 1), refused, change)
        for (const change of ['load', 'save', 'reload', 'regenerate', 'regenerateId', 'transaction']) await t.rejects(session[change](), refused, change)
        await t.rejects(session.login('ann'), refused)
      })
      t.match(cookieLines(response), [/Max-Age=0/])
    })

    t.test('freezes an object that was kept from before', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      await browser.run(async ({ session: kept }) => {
        await kept.destroy()
        t.equal(Object.isFrozen(kept), true)
        t.throws(() => { kept.b = 1 }, TypeError)
        t.throws(() => kept.set('b', 1), { code: 'SES_DESTROYED' })
        t.strictSame([kept.a, kept.subject], [undefined, null])
        t.equal(await kept.destroy(), undefined)
      })
    })

    t.test('of a session that was never stored leaves nothing', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const response = await browser.run(async ({ session }) => {
        session.a = 1
        await session.destroy()
      })
      t.equal(response.headers['set-cookie'], undefined)
    })

    t.test('takes back the cookie of a save before', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const response = await browser.run(async ({ session }) => {
        session.a = 1
        await session.save()
        await session.destroy()
      })
      t.match(cookieLines(response), [/^__Host-session=; Max-Age=0/])
    })
  })
}

t.test('a destroyed session is gone for every other request at once', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const tab = browser.copy()
  const response = await tab.run(async ({ session }) => {
    await browser.run(other => other.session.destroy())
    session.b = 2
  })
  t.equal(response.headers['set-cookie'], undefined)
  t.match(site.warnings(), [/changes of the session are dropped: it ended while the request ran/])
  t.equal(await site.app.sessions.count(), 0)
  t.strictSame(await tab.data(), {})
})

t.test('a guard kept from before load() reads as empty after destroy()', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session: kept }) => {
    await kept.load()
    await kept.destroy()
    t.equal(kept.a, undefined)
    t.throws(() => { kept.a = 1 }, { code: 'SES_DESTROYED' })
  }, '/by-hand')
})

t.test('a destroy that fails can be tried again', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.attempt(async ({ session }) => {
    backend.fail('write')
    await t.rejects(session.destroy(), { code: 'SES_BACKEND_UNAVAILABLE' })
    t.equal(session.a, 1)
    backend.heal()
    await session.destroy()
  })
  t.equal(response.statusCode, 503, 'the answer still says that the backend failed')
  t.equal(await site.app.sessions.count(), 0)
})

t.test('a cookie session cannot be destroyed where its cookie cannot be cleared', async t => {
  const app = await createApp(t, { secret: SECRET })
  const { cookie } = await app.sessions.create({ a: 1 })
  const session = await app.sessions.open(cookie)
  await t.rejects(session.destroy(), { code: 'SES_NOT_SUPPORTED' })
  t.equal(session.isEmpty, false)
})

t.test('a destroyed session goes on saying when it would have ended by its own lifetime', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => {
    session.a = 1
    session.setLifetime({ idleTimeout: '1h' })
  })
  const response = await browser.run(async ({ session }) => {
    const before = session.expiresAt
    await session.destroy()
    return [before, session.expiresAt]
  })
  const [before, after] = response.json() as string[]
  t.equal(after, before)
})
