import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, kinds } from '../helpers/app.ts'
import type { AnyRequest } from '../helpers/browser.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { Gate } from '../helpers/gate.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend, regenerateId()`, async t => {
    t.test('gives a new id and keeps object, data, subject, lifetime and createdAt', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      await browser.run(async ({ session }) => {
        await session.login('ann', { a: 1 })
        session.setLifetime({ idleTimeout: 100 })
      })
      site.clock.now += 10_000
      await browser.run(async request => {
        const { session } = request
        const { id, createdAt } = session
        await session.regenerateId()
        t.equal(request.session, session)
        t.not(session.id, id)
        t.strictSame([session.data(), session.subject, session.createdAt], [{ a: 1 }, 'ann', createdAt])
        t.equal(session.expiresAt.getTime(), site.clock.now + 100_000)
      })
      t.strictSame(await browser.data(), { a: 1 })
    })

    t.test('stores pending changes along with it', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      await browser.run(async ({ session }) => {
        session.b = 2
        await session.regenerateId()
        session.c = 3
      })
      t.strictSame(await browser.data(), { a: 1, b: 2, c: 3 })
    })

    t.test('of an empty session stores nothing, and keeps a lifetime set before', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      const response = await browser.run(async ({ session }) => {
        const { id } = session
        session.setLifetime({ idleTimeout: 7 })
        await session.regenerateId()
        t.not(session.id, id)
        t.equal(session.expiresAt.getTime(), site.clock.now + 7_000)
      })
      t.equal(response.headers['set-cookie'], undefined)
    })
  })

  t.test(`with the ${kind} backend, regenerate()`, async t => {
    t.test('starts a new life with the listed keys only', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      await browser.run(async ({ session }) => {
        await session.login('ann', { a: 1, b: 2 })
        session.setLifetime({ idleTimeout: 100 })
      })
      site.clock.now += 10_000
      await browser.run(async request => {
        const { id } = request.session
        await request.session.regenerate(['a', 'toString', 'missing'])
        const { session } = request
        t.not(session.id, id)
        t.strictSame([session.data(), session.subject], [{ a: 1 }, null])
        t.strictSame([session.createdAt.getTime(), session.lastAccessedAt.getTime()], [site.clock.now, site.clock.now])
        t.equal(session.expiresAt.getTime(), site.clock.now + 14 * 86_400_000, 'the lifetime is that of the options again')
      })
      t.strictSame(await browser.data(), { a: 1 })
    })

    t.test('keeps the lifetime of a guest, set in this request or before', async t => {
      for (const isEarlier of [false, true]) {
        const site = await createSite(t, { backend: kind })
        const browser = site.browser()
        const remember = ({ session }: AnyRequest): void => {
          session.a = 1
          session.setLifetime({ persistent: true, idleTimeout: '60d', absoluteTimeout: '60d' })
        }
        if (isEarlier) await browser.run(remember)
        const response = await browser.run(async request => {
          if (!isEarlier) remember(request)
          await request.session.regenerate([])
          request.session.user = 'ann'
        })
        t.match(cookieLines(response), [/; Max-Age=5184000;/])
        await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 60 * 86_400_000) })
        t.strictSame(await browser.data(), { user: 'ann' })
      }
    })

    t.test('leaves the old object readable and refuses changes to it', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => session.login('ann', { a: { b: 1 } }))
      await browser.run(async request => {
        const old = request.session
        const { id, createdAt, expiresAt } = old
        await old.regenerate()
        t.not(request.session, old)
        t.strictSame([old.a, old.get('a'), old.data()], [{ b: 1 }, { b: 1 }, { a: { b: 1 } }])
        t.strictSame([old.id, old.subject, old.createdAt, old.expiresAt], [id, 'ann', createdAt, expiresAt])
        t.strictSame([old.isLoaded, old.isNew, old.isModified], [true, false, false])
        const refused = { code: 'SES_DESTROYED', message: /request\.session/ }
        t.throws(() => { old.a = 2 }, TypeError)
        t.throws(() => delete old.a, TypeError)
        for (const change of ['set', 'delete', 'clear', 'update', 'touch', 'setLifetime']) t.throws(() => old[change]('a', 1), refused, change)
        for (const change of ['load', 'save', 'reload', 'regenerate', 'regenerateId', 'destroy', 'transaction']) await t.rejects(old[change](), refused, change)
        await t.rejects(old.login('bob'), refused)
      })
      t.strictSame(await browser.data(), {})
    })

    t.test('without keys ends the session', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      await browser.run(({ session }) => session.regenerate())
      t.equal(browser.cookies.size, 0)
    })

    t.test('lets the new session be filled', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      await browser.run(async request => {
        await request.session.regenerate()
        request.session.b = 2
      })
      t.strictSame(await browser.data(), { b: 2 })
    })
  })
}

t.test('the old id is dead at once', async t => {
  for (const operation of ['regenerateId', 'regenerate']) {
    const browser = (await createSite(t, { backend: 'memory' })).browser()
    await browser.run(({ session }) => { session.a = 1 })
    const thief = browser.copy()
    await browser.run(async request => {
      await request.session[operation](...operation === 'regenerate' ? [['a']] : [])
      t.strictSame(await thief.data(), {}, 'before the answer is out')
    })
    t.strictSame(await browser.data(), { a: 1 })
  }
})

t.test('what a parallel request wrote before the end of the old id is carried over, what comes later is dropped', async t => {
  for (const operation of ['regenerateId', 'regenerate', 'login']) {
    const backend = new FaultyBackend(new MemoryBackend())
    const site = await createSite(t, { backend })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    const [early, late] = [browser.copy(), browser.copy()]
    const [lateHasLoaded, rotated] = [new Gate(), new Gate()]
    const lateAnswer = late.run(async ({ session }) => {
      lateHasLoaded.open()
      await rotated.opened
      session.late = true
    })
    await lateHasLoaded.opened
    await browser.run(async ({ session }) => {
      session.mine = true
      await early.run(other => { other.session.early = true })
      await session[operation](...{ regenerateId: [], regenerate: [['a', 'mine', 'early']], login: ['ann'] }[operation] ?? [])
      rotated.open()
    })
    t.equal((await lateAnswer).headers['set-cookie'], undefined)
    t.strictSame(await browser.data(), { a: 1, early: true, mine: true }, operation)
    t.equal(await site.app.sessions.count(), 1)
  }
})

t.test('a write that comes between the new record and the end of the old one is carried over too', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const id = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  let isFirst = true
  await browser.run(async ({ session }) => {
    // The first write of the rotation is the new record; then a second process writes to the old record.
    backend.before('write', async call => {
      if (call.id !== id || !isFirst) return
      isFirst = false
      const opened: any = await site.app.sessions.get(id)
      t.strictSame(opened.data, { a: 1 })
      const stands = await backend.read(id)
      await backend.write(id, { ...stands!, version: stands!.version === 1 ? 2 : stands!.version - 1, data: '{"a":1,"b":2}' }, stands!.version)
    })
    await session.regenerateId()
  })
  backend.heal()
  t.strictSame(await browser.data(), { a: 1, b: 2 })
  t.equal(await site.app.sessions.count(), 1)
})

/** A session which is written by a different process between any two steps of an operation on it. */
async function neverStill (t: Test) {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const id: string = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  const writes = { count: 0 }
  let isWriting = false
  const disturb = () => backend.before('write', async call => {
    if (call.id !== id || isWriting) return
    isWriting = true
    const stands = await backend.read(id)
    const n = ++writes.count
    await backend.write(id, { ...stands!, version: n + 1, data: JSON.stringify({ a: 1, n }) })
    isWriting = false
  })
  return { site, backend, browser, old: browser.copy(), id, writes, disturb }
}

t.test('writers of a session that never stop keep nobody from signing in: after a hundred tries the old id ends whatever stands', async t => {
  const { site, backend, browser, old, id, writes, disturb } = await neverStill(t)
  await browser.run(async ({ session }) => {
    disturb()
    await session.login('ann')
    t.equal(writes.count, 101, 'a hundred tries, and the last resort')
    backend.heal()
  })
  t.strictSame(await browser.data(), { a: 1, n: 100 }, 'with what stood last')
  t.strictSame(await old.data(), {}, 'the old id is dead')
  t.equal((await backend.read(id))!.data, '', 'and a late logout finds where the session went')
  t.equal(await site.app.sessions.count(), 1)
})

t.test('nor do they keep anybody from starting over with nothing', async t => {
  const { site, backend, browser, old, disturb } = await neverStill(t)
  await browser.run(async ({ session }) => {
    disturb()
    await session.regenerate()
    backend.heal()
  })
  t.strictSame([await browser.data(), await old.data()], [{}, {}])
  t.equal(await site.app.sessions.count(), 0)
})

t.test('where conflicts are errors, a rotation that meets one leaves no second session behind', async t => {
  const site = await createSite(t, { backend: 'memory', onConflict: 'error' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.attempt(async ({ session }) => {
    await browser.copy().run(other => { other.session.a = 2 })
    session.a = 3
    await session.login('ann')
  })
  t.equal(response.statusCode, 409)
  t.equal(response.headers['set-cookie'], undefined)
  t.strictSame(await browser.data(), { a: 2 })
  t.strictSame([await site.app.sessions.count(), await site.app.sessions.count({ subject: 'ann' })], [1, 0])
})

t.test('regenerateId() of a session that is gone rejects, regenerate() starts an empty one', async t => {
  const site = await createSite(t, { backend: 'memory' })
  for (const operation of ['regenerateId', 'regenerate']) {
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async request => {
      await browser.copy().run(other => other.session.destroy())
      if (operation === 'regenerateId') {
        await t.rejects(request.session.regenerateId(), { code: 'SES_DESTROYED', message: /another request ended it/ })
        return
      }
      await request.session.regenerate(['a'])
      t.strictSame(request.session.data(), {})
    })
    t.equal(await site.app.sessions.count(), 0)
  }
})

t.test('data of a newer schemaVersion keep it under their new id', async t => {
  const backend = new MemoryBackend()
  const next = await createSite(t, { backend, schemaVersion: 2 })
  const browser = next.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const older = (await createSite(t, { backend, schemaVersion: 1 })).browser()
  older.take(browser)
  await older.run(({ session }) => session.regenerateId())
  await older.run(({ session }) => session.login('ann'))
  const migrating = (await createSite(t, { backend, schemaVersion: 2, migrate: () => ({ migrated: true }) })).browser()
  migrating.take(older)
  t.strictSame(await migrating.data(), { a: 1 }, 'so they are not migrated a second time')
})

t.test('a rotation waits for a commit of the same session that is under way, and carries it over', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const [reached, go] = [new Gate(), new Gate()]
  backend.before('write', async () => {
    reached.open()
    await go.opened
  })
  const other = browser.copy().run(({ session }) => { session.b = 2 })
  await reached.opened
  await browser.run(async ({ session }) => {
    const rotation = session.regenerateId()
    go.open()
    await rotation
    t.strictSame(session.data(), { a: 1, b: 2 })
  })
  await other
  t.strictSame(await browser.data(), { a: 1, b: 2 })
  t.equal(await site.app.sessions.count(), 1)
})
