import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { Gate } from '../helpers/gate.ts'

/** A backend every call of which takes a turn of the event loop, as a network does. */
function remote (): FaultyBackend {
  const backend = new FaultyBackend(new MemoryBackend())
  for (const operation of ['read', 'write', 'remove', 'touch'] as const) {
    backend.before(operation, () => new Promise(resolve => { setImmediate(resolve) }))
  }
  return backend
}

async function stored (t: any) {
  const site = await createSite(t, { backend: remote() })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann', { a: 1 }))
  return { site, browser, old: browser.copy() }
}

t.test('a save that nobody waits for and the end of the request store one session', async t => {
  const site = await createSite(t, { backend: remote() })
  const browser = site.browser()
  const response = await browser.run(({ session }) => {
    session.a = 1
    session.save()
    session.save()
    session.b = 2
  })
  t.equal(cookieLines(response).length, 1)
  t.equal(await site.app.sessions.count(), 1)
  t.strictSame(await browser.data(), { a: 1, b: 2 })
})

t.test('the answer waits for a sign-in that nobody waits for', async t => {
  const { site, browser, old } = await stored(t)
  await browser.run(({ session }) => { session.login('bob') })
  await browser.run(({ session }) => { t.equal(session.subject, 'bob') })
  t.strictSame(await old.data(), {})
  t.equal(await site.app.sessions.count(), 1)
})

t.test('a destroy after a login or a regeneration under way ends the new session too', async t => {
  for (const operation of ['login', 'regenerateId', 'regenerate']) {
    const { site, browser, old } = await stored(t)
    const tab = browser.copy()
    const response = await browser.run(request => {
      const { session } = request
      const first = operation === 'regenerate' ? session.regenerate(['a']) : session[operation]('bob')
      // The old object of a regenerate() is refused, since it is not the session any more.
      return first.then(() => request.session.destroy())
    })
    t.match(cookieLines(response), [/Max-Age=0/])
    t.equal(await site.app.sessions.count(), 0, operation)
    for (const browser of [old, tab]) t.strictSame(await browser.data(), {})
  }
})

t.test('login, then destroy, both at once: nothing is left alive', async t => {
  const { site, browser, old } = await stored(t)
  const response = await browser.run(({ session }) => Promise.all([session.login('bob'), session.destroy()]).then(() => 'done'))
  t.match(cookieLines(response), [/Max-Age=0/])
  t.equal(await site.app.sessions.count(), 0)
  t.strictSame(await old.data(), {})
})

t.test('destroy, then anything else, at once: it stays destroyed', async t => {
  for (const operation of ['login', 'save', 'regenerate', 'regenerateId', 'reload', 'transaction']) {
    const { site, browser, old } = await stored(t)
    const response = await browser.run(async ({ session }) => {
      const ending = session.destroy()
      await t.rejects(session[operation](operation === 'transaction' ? () => {} : 'bob'), { code: 'SES_DESTROYED' }, operation)
      await ending
    })
    t.match(cookieLines(response), [/Max-Age=0/])
    t.equal(await site.app.sessions.count(), 0)
    t.strictSame(await old.data(), {})
  }
})

t.test('destroy twice at once is one', async t => {
  const { browser } = await stored(t)
  await browser.run(({ session }) => Promise.all([session.destroy(), session.destroy()]).then(() => 'done'))
  t.equal(browser.cookies.size, 0)
})

t.test('two logins at once leave one session, the later one', async t => {
  const { site, browser, old } = await stored(t)
  await browser.run(({ session }) => Promise.all([session.login('bob'), session.login('cy')]).then(() => 'done'))
  const { sessions } = await site.app.sessions.list()
  t.strictSame(sessions.map(({ subject }) => subject), ['cy'])
  await browser.run(({ session }) => { t.equal(session.subject, 'cy') })
  t.strictSame(await old.data(), {})
})

t.test('clear() while a write is under way signs out', async t => {
  for (const operation of ['save', 'regenerateId', 'login', 'touch']) {
    const { site, browser } = await stored(t)
    await browser.run(async ({ session }) => {
      if (operation === 'touch') session.touch()
      else session.b = 2
      const writing = operation === 'touch' ? session.save() : session[operation]('ann')
      session.clear()
      await writing
      t.strictSame([session.subject, session.data()], [null, {}], operation)
      session.c = 3
    })
    await browser.run(({ session }) => { t.strictSame([session.subject, session.data()], [null, { c: 3 }]) })
    t.equal(await site.app.sessions.count({ subject: 'ann' }), 0)
  }
})

t.test('clear(), then set, drops what another request added meanwhile', async t => {
  const { browser } = await stored(t)
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.added = true })
    session.clear()
    session.b = 2
  })
  await browser.run(({ session }) => { t.strictSame([session.subject, session.data()], [null, { b: 2 }]) })
})

t.test('changes made while a write is under way are kept', async t => {
  const { site, browser } = await stored(t)
  await browser.run(async ({ session }) => {
    session.b = 1
    const writing = session.save()
    session.b = 2
    session.setLifetime({ idleTimeout: 100 })
    await writing
    t.equal(session.b, 2)
  })
  await browser.run(({ session }) => {
    t.strictSame(session.data(), { a: 1, b: 2 })
    t.equal(session.expiresAt.getTime(), site.clock.now + 100_000)
  })
})

t.test('reload after regenerate reads the new session', async t => {
  const { browser, old } = await stored(t)
  await browser.run(async request => {
    await request.session.regenerate(['a'])
    request.session.b = 2
    await request.session.reload()
    t.strictSame([request.session.data(), request.session.subject], [{ a: 1 }, null])
  })
  t.strictSame(await browser.data(), { a: 1 })
  t.strictSame(await old.data(), {})
})

t.test('a load that nobody waits for is a use all the same', async t => {
  const { browser, site } = await stored(t)
  for (const days of [13, 13]) {
    site.clock.now += days * 86_400_000
    await browser.run(({ session }) => { session.load() }, '/by-hand')
  }
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('the end of the request waits for a transaction that nobody waits for', async t => {
  const { browser } = await stored(t)
  const go = new Gate()
  const answer = browser.run(({ session }) => {
    session.transaction(async (data: any) => { await go.opened; data.a = 2 })
    setImmediate(go.open)
  })
  await answer
  t.strictSame(await browser.data(), { a: 2 })
})
