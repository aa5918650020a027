import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { createSite } from '../helpers/app.ts'
import { settled } from '../helpers/gate.ts'
import { silentBackend } from '../helpers/silent-backend.ts'

/** A tab whose request has loaded the session when a second tab regenerates the session; the first tab destroys it later. */
async function destroyLate (t: Test, ms: number) {
  const site = await createSite(t, { backend: 'memory', idleTimeout: '14d' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const tab = browser.copy()
  await tab.run(async ({ session }) => {
    await browser.run(other => other.session.regenerateId())
    site.clock.now += ms
    await session.destroy()
  })
  return await browser.data()
}

t.test('whoever destroys a session that was regenerated meanwhile ends what became of it, for five minutes and the hour that clocks may be apart', async t => {
  t.strictSame(await destroyLate(t, 3_899_999), {})
})

t.test('later nothing leads from an old id to the new one', async t => {
  t.strictSame(await destroyLate(t, 3_900_000), { a: 1 })
})

t.test('what is left under an old id holds neither data nor subject', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const old = (await browser.run(async ({ session }) => { await session.login('ann', { a: 1 }); return session.id })).body
  site.clock.now += 1_000
  const id = (await browser.run(async ({ session }) => { await session.regenerateId(); return session.id })).body
  t.match(await backend.read(old), { data: '', subject: null, meta: { successor: id }, lastAccessedAt: site.clock.now, expiresAt: site.clock.now + 3_900_000 })
})

t.test('destroy() wins against one who never stops writing: after a hundred tries the record goes, whatever it is', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const id = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  backend.calls.length = 0
  await browser.run(async ({ session }) => {
    let version = 0
    let isRival = false
    backend.before('write', async () => {
      if (isRival) return
      isRival = true
      await backend.write(id, { ...(await backend.read(id))!, version: ++version })
      isRival = false
    })
    await session.destroy()
    t.equal(version, 100)
  })
  t.equal(await backend.read(id), null)
  t.equal(backend.calls.filter(({ operation }) => operation === 'remove').length, 1)
})

t.test('destroy() removes what nobody can read', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    backend.calls.length = 0
    await browser.copy().run(other => other.session.destroy())
    await session.destroy()
    t.ok(backend.calls.some(({ operation }) => operation === 'remove'))
  })
  t.equal(await site.app.sessions.count(), 0)
})

t.test('destroy() of a session that nobody else touches is one write', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.calls.length = 0
  await browser.run(({ session }) => session.destroy())
  t.strictSame(backend.calls.map(({ operation }) => operation), ['read', 'write'])
})

t.test('an ending that fails says what the backend failed to do', async t => {
  const minimal = new FaultyBackend(new MinimalBackend())
  const browser = (await createSite(t, { backend: minimal })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  minimal.fail('remove')
  await browser.attempt(({ session }) => t.rejects(session.destroy(), { code: 'SES_BACKEND_UNAVAILABLE', detail: /failed to remove a session/ }))
  // A backend that does not say what stands is read again after a conflict.
  const memory: FaultyBackend = new FaultyBackend(silentBackend())
  const { app } = await createSite(t, { backend: memory })
  const { id } = await app.sessions.create({ a: 1 })
  memory.fail('read')
  await t.rejects(app.sessions.revoke(id), { code: 'SES_BACKEND_UNAVAILABLE', detail: /failed to read a session/ })
  memory.heal().fail('remove')
  await t.rejects(app.sessions.revoke('f'.repeat(64)), { code: 'SES_BACKEND_UNAVAILABLE', detail: /failed to remove a session/ })
  memory.heal().before('write', async () => {
    memory.heal()
    await memory.write(id, { ...(await memory.read(id))!, version: 1 })
    memory.fail('read')
  })
  await t.rejects(app.sessions.revoke(id), { code: 'SES_BACKEND_UNAVAILABLE', detail: /failed to read a session/ })
})

t.test('a new id whose old one cannot be ended is taken back by one removal', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const id: string = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  await browser.attempt(async ({ session }) => {
    backend.calls.length = 0
    backend.before('write', call => { if (call.id === id) throw new Error('down') })
    await t.rejects(session.regenerateId(), { code: 'SES_BACKEND_UNAVAILABLE' })
    await settled()
    backend.heal()
    t.strictSame(backend.calls.map(call => `${call.operation} ${call.id === id ? 'old' : 'new'}`), ['write new', 'write old', 'read old', 'remove new'])
  })
  t.equal(await site.app.sessions.count(), 1)
})
