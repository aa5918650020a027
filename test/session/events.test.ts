import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { collectEvents, createSite, kinds } from '../helpers/app.ts'
import { type Job } from '../helpers/browser.ts'
import { DAY_MS } from '../helpers/times.ts'

const SECRET_DATA = 'what nobody but the session may know'

for (const kind of kinds) {
  t.test(`with the ${kind} backend, each event is published once`, async t => {
    const events = collectEvents(t)
    const site = await createSite(t, { backend: kind })
    const browser = site.browser()
    const published = () => events.splice(0).map(({ type, reason }) => reason === null ? type : `${type} ${reason}`)
    const after = async (job: Job): Promise<string[]> => {
      await browser.run(job)
      return published()
    }
    t.strictSame(await after(({ session }) => session.a), [], 'none for a visit that stores nothing')
    t.strictSame(await after(({ session }) => { session.a = 1 }), ['created'])
    t.strictSame(await after(({ session }) => session.a), ['loaded'])
    t.strictSame(await after(({ session }) => { session.a = 2 }), ['loaded', 'saved'])
    site.clock.now += 7 * DAY_MS
    t.strictSame(await after(({ session }) => session.a), ['loaded', 'renewed'])
    t.strictSame(await after(({ session }) => session.regenerateId()), ['loaded', 'regenerated regenerateId'])
    t.strictSame(await after(({ session }) => session.login('ann')), ['loaded', 'regenerated login'])
    t.strictSame(await after(({ session }) => session.regenerate(['a'])), ['loaded', 'regenerated regenerate'])
    t.strictSame(await after(({ session }) => session.destroy()), ['loaded', 'destroyed'])
    t.strictSame(await after(({ session }) => session.login('ann')), ['created login'])
    t.strictSame(await after(({ session }) => { session.clear() }), ['loaded', 'destroyed empty'])
    await browser.run(({ session }) => { session.a = 1 })
    site.clock.now += 14 * DAY_MS
    published()
    t.strictSame((await after(({ session }) => session.a))[0], kind === 'cookie' ? 'expired' : 'rejected unknown', 'a store that expires has no record any more')
  })
}

t.test('an event has type, property, id, reason, subject, request, cause and actor, and never data or a token', async t => {
  const events = collectEvents(t)
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  const id = (await browser.run(({ session }) => { session.secret = SECRET_DATA; return session.id })).body
  await browser.run(({ session }) => session.login('ann'))
  await site.app.sessions.revokeSubject('ann')
  t.match(events[0], { type: 'created', property: 'session', id, reason: null, subject: null, cause: null, actor: null })
  for (const event of events) t.strictSame(Object.keys(event), ['type', 'property', 'id', 'reason', 'subject', 'requestId', 'cause', 'actor'])
  const text = JSON.stringify(events)
  for (const secret of [SECRET_DATA, ...browser.cookies.values()]) t.notOk(text.includes(secret))
})

t.test('a regeneration tells the new id', async t => {
  const events = collectEvents(t)
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  const id = (await browser.run(async ({ session }) => { await session.regenerateId(); return session.id })).body
  t.match(events.at(-1), { type: 'regenerated', id })
})

t.test('revocations', async t => {
  const events = collectEvents(t)
  const { sessions } = (await createSite(t, { backend: 'memory' })).app
  const { id } = await sessions.create({})
  await sessions.revoke(id)
  await sessions.revokeSubject('ann')
  await sessions.revokeAll()
  t.strictSame(events.map(({ type, id, reason }) => [type, id, reason]), [
    ['created', id, null], ['revoked', id, null], ['revoked', null, 'subject'], ['revoked', null, 'all']
  ])
})

t.test('a session that ended while the request ran', async t => {
  const events = collectEvents(t)
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  const id = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  await browser.run(async ({ session }) => {
    await site.app.sessions.revoke(id)
    session.a = 2
  })
  t.match(events.at(-1), { type: 'conflict', id, reason: 'gone' })
})

t.test('a conflict that was joined', async t => {
  const events = collectEvents(t)
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.b = 2 })
    session.c = 3
  })
  t.strictSame(events.splice(-2).map(({ type, reason }) => [type, reason]), [['conflict', 'version'], ['saved', null]])
})

t.test('a backend that cannot be reached', async t => {
  const events = collectEvents(t)
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.fail('read')
  await browser.attempt(() => {})
  t.match(events.at(-1), { type: 'unavailable', id: null, reason: 'load' })
  t.equal(events.length, 2)
})

t.test('a cookie that is none of ours', async t => {
  const events = collectEvents(t)
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  browser.cookies.set('__Host-session', 'nonsense')
  await browser.run(({ session }) => session.a)
  t.match(events, [{ type: 'rejected', id: null, reason: 'malformed' }])
  t.equal(browser.cookies.size, 1, 'it is left alone')
})
