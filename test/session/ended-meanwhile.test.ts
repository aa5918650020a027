import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, kinds } from '../helpers/app.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend, a session whose time ends while the request runs is not written any more`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: 1_000, absoluteTimeout: 1_000 })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    const response = await browser.run(({ session }) => {
      site.clock.now += 1_000_000
      session.b = 2
    })
    t.equal(response.headers['set-cookie'], undefined)
    t.match(site.warnings(), [/changes of the session are dropped/])
    t.strictSame(await browser.data(), {})
  })
}

t.test('a session that is revoked while a request only reads it is not renewed, and nobody is warned', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.run(async ({ session }) => {
    await site.app.sessions.revoke(session.id)
    session.touch()
    return 'the answer'
  })
  t.strictSame([response.body, response.headers['set-cookie'], site.warnings()], ['the answer', undefined, []])
  t.strictSame(await browser.data(), {})
})

t.test('reload of a session that expired rejects', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 10 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    site.clock.now += 10_000
    await t.rejects(session.reload(), { code: 'SES_DESTROYED' })
  })
})

// Ids of 256 random bits do not collide. If two ids did, no user may get the session of a different user.
const taken = (backend: FaultyBackend, now: number) => async ({ id }: { id: string | null }) => {
  backend.heal()
  await backend.write(id!, { id: id!, version: 7, data: '{"theirs":1}', schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + 60_000, subject: null, policy: null, meta: null }, 0)
}

t.test('a new session whose id is taken gets another one', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  backend.before('write', taken(backend, site.clock.now))
  await browser.run(({ session }) => { session.mine = 1 })
  t.strictSame(await browser.data(), { mine: 1 })
  t.equal(await site.app.sessions.count(), 2)
})

t.test('when no free id is found it is a conflict', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const take = (): void => {
    backend.before('write', async call => { await taken(backend, site.clock.now)(call); take() })
  }
  take()
  const response = await browser.attempt(({ session }) => { session.mine = 1 })
  t.strictSame([response.statusCode, response.headers['set-cookie']], [409, undefined])
})

t.test('a login whose new id is taken is a conflict that leaves the other session alone', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.mine = 1 })
  backend.before('write', taken(backend, site.clock.now))
  const response = await browser.attempt(({ session }) => session.login('ann'))
  t.strictSame([response.statusCode, response.headers['set-cookie']], [409, undefined])
  t.match(response.json().message, /no free id was found/)
  t.strictSame(await browser.data(), { mine: 1 })
  t.equal(await site.app.sessions.count(), 2)
})
