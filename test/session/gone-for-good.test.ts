import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { collectEvents, createSite } from '../helpers/app.ts'

async function stored (t: Test) {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const events = collectEvents(t)
  return { backend, site, browser, gone: () => events.filter(({ type, reason }) => type === 'conflict' && reason === 'gone').length }
}

t.test('a sign-in that a revocation overtakes leaves the request without a session', async t => {
  const { backend, site, browser, gone } = await stored(t)
  const response = await browser.run(async ({ session }) => {
    backend.before('write', async () => {
      backend.heal()
      await site.app.sessions.revokeSubject('ann')
    })
    await t.rejects(session.login('ann'), { code: 'SES_DESTROYED', message: /were revoked/ })
    session.a = 2
    await t.rejects(session.save(), { code: 'SES_DESTROYED' })
  })
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(gone(), 1)
  t.equal(await site.app.sessions.count({ subject: 'ann' }), 0)
})

t.test('a session that regenerateId() finds gone is told once', async t => {
  const { browser, gone } = await stored(t)
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => other.session.destroy())
    await t.rejects(session.regenerateId(), { code: 'SES_DESTROYED' })
  })
  t.equal(gone(), 1)
})

t.test('a conflict in a rotation does not make the session gone', async t => {
  const { backend, browser, gone } = await stored(t)
  await browser.run(async ({ session }) => {
    backend.before('write', async ({ id }) => {
      backend.heal()
      await backend.write(id, { ...(await backend.read(session.id))!, id: id! })
    })
    await t.rejects(session.regenerateId(), { code: 'SES_CONFLICT' })
    session.b = 2
    await session.save()
  })
  t.equal(gone(), 0)
  t.strictSame(await browser.data(), { a: 1, b: 2 })
})

t.test('a sign-in after the session is known to be gone stores nothing of it, not even for a moment', async t => {
  const { backend, browser } = await stored(t)
  const written: string[] = []
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => other.session.destroy())
    session.a = 2
    await t.rejects(session.save(), { code: 'SES_DESTROYED' })
    backend.before('write', ({ id }) => { written.push(id!) })
    await session.login('ann', { fresh: 1 })
    t.strictSame(written, [session.id])
  })
  t.strictSame(await browser.data(), { fresh: 1 })
})

t.test('a logout that follows a sign-in to its new id ends it, also between two writes of the new record', async t => {
  const { backend, browser, site } = await stored(t)
  const response = await browser.run(async ({ session }) => {
    const oldId = session.id
    let newId: string | null = null
    backend.before('write', async ({ id }) => {
      if (id === oldId) return
      if (newId === null) {
        newId = id
        // A write that comes first, so that the new record has to be written again.
        await browser.copy().run(other => { other.session.b = 1 })
        return
      }
      backend.heal()
      await site.app.sessions.revoke(oldId)
    })
    await t.rejects(session.login('ann'), { code: 'SES_DESTROYED', message: /another request ended it/ })
  })
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(await site.app.sessions.count(), 0)
})

t.test('a sign-in whose new id a revocation has barred is told of the revocation', async t => {
  const { backend, browser, site } = await stored(t)
  await browser.run(async ({ session }) => {
    backend.before('write', async ({ id }) => {
      backend.heal()
      await site.app.sessions.revokeSubject('ann')
      // As Redis and files do for an id that is in the index of the subject already.
      const { id: _, ...ending } = (await backend.read(session.id))!
      await backend.write(id, { ...ending, id: id!, data: '' })
    })
    await t.rejects(session.login('ann'), { code: 'SES_DESTROYED', message: /were revoked/ })
  })
})
