import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, kinds } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    t.test('save() puts the cookie on the reply and on the raw response', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const response = await browser.run(async ({ session }, reply) => {
        session.a = 1
        await session.save()
        t.match(reply.getHeader('set-cookie'), /^__Host-session=/)
        t.match(reply.raw.getHeader('set-cookie'), [/^__Host-session=/])
      })
      t.equal(cookieLines(response).length, 1)
      t.strictSame(await browser.data(), { a: 1 })
    })

    t.test('a saved session survives reply.hijack()', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(async ({ session }, reply) => {
        session.a = 1
        await session.save()
        reply.hijack()
        reply.raw.end('by hand')
      })
      t.strictSame(await browser.data(), { a: 1 })
    })

    t.test('changes after a save are stored too', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(async ({ session }) => {
        session.a = 1
        await session.save()
        session.b = 2
      })
      t.strictSame(await browser.data(), { a: 1, b: 2 })
    })

    t.test('reload() drops local changes', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => session.login('ann', { a: 1 }))
      await browser.run(async ({ session }) => {
        session.clear()
        session.b = 2
        await session.reload()
        t.strictSame([session.data(), session.subject, session.isModified], [{ a: 1 }, 'ann', false])
      })
      t.strictSame(await browser.data(), { a: 1 })
    })

    t.test('reload() of a new session empties it and keeps its id', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const response = await browser.run(async ({ session }) => {
        const { id } = session
        session.a = 1
        session.setLifetime({ idleTimeout: 5 })
        await session.reload()
        t.strictSame([session.data(), session.id, session.isModified], [{}, id, false])
      })
      t.equal(response.headers['set-cookie'], undefined)
    })

    t.test('touch() extends the idle deadline with this response', async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: 100 })
      const browser = site.browser()
      await browser.run(({ session }) => { session.a = 1 })
      site.clock.now += 1_000
      await browser.run(({ session }) => { session.touch() }, '/passive')
      await browser.run(({ session }) => { t.equal(session.expiresAt.getTime(), site.clock.now + 100_000) })
    })
  })
}

t.test('reload() sees what another request stored', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.a = 2 })
    t.equal(session.a, 1)
    await session.reload()
    t.equal(session.a, 2)
  })
})

t.test('save and reload of a session that is gone reject, and the answer stands', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  for (const operation of ['save', 'reload']) {
    const tab = site.browser()
    await tab.run(({ session }) => { session.a = 1 })
    const response = await tab.run(async ({ session }) => {
      await tab.copy().run(other => other.session.destroy())
      session.a = 2
      await t.rejects(session[operation](), { code: 'SES_DESTROYED', statusCode: 409 })
      await t.rejects(session.save(), { code: 'SES_DESTROYED' }, 'and so does whatever follows')
    })
    t.equal(response.headers['set-cookie'], undefined)
  }
})

t.test('save() of an unchanged session writes nothing', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.calls.length = 0
  await browser.run(({ session }) => session.save())
  t.strictSame(backend.calls.map(({ operation }) => operation), ['read'])
})

for (const kind of kinds) {
  t.test(`${kind}: save() of an empty session that was never stored says so by one warning, and stores nothing`, async t => {
    const { browser, warnings } = await createSite(t, { backend: kind })
    for (let round = 0; round < 2; round++) {
      const { headers } = await browser().run(async ({ session }) => { await session.save() })
      t.equal(headers['set-cookie'], undefined)
    }
    t.match(warnings(), [/save\(\) has nothing to store/])
    t.equal(warnings().length, 1)
  })
}

t.test('a change of another request appears in the live session after a save', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.a = 1; session.old = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.b = 2; delete other.session.old })
    session.c = 3
    await session.save()
    t.strictSame(session.data(), { a: 1, b: 2, c: 3 })
  })
})

t.test('a session that two requests emptied together does not come back', async t => {
  const site = await createSite(t, { backend: 'memory' })
  for (const operation of ['save', 'regenerateId']) {
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1; session.b = 1 })
    await browser.run(async ({ session }) => {
      await browser.copy().run(other => { delete other.session.a })
      delete session.b
      await session[operation]()
      t.strictSame(session.data(), {}, operation)
    })
    t.strictSame([browser.cookies.size, await site.app.sessions.count()], [0, 0])
  }
})

t.test('a session that one request empties while another process writes to it is kept', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  const id = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  backend.before('write', async () => {
    backend.heal()
    const stands = await backend.read(id)
    await backend.write(id, { ...stands!, version: 1, data: '{"a":1,"b":2}' })
  })
  await browser.run(({ session }) => { delete session.a })
  t.strictSame(await browser.data(), { b: 2 })
})
