import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { UntouchableBackend } from '../helpers/minimal-backend.ts'
import { DAY_MS } from '../helpers/times.ts'

const MINUTE = 60_000
const operations = ['login', 'regenerateId'] as const

/** A process that dies, as the store sees it: after the new record of a sign-in or of a new id nothing comes any more. */
async function dead (t: Test, operation: typeof operations[number]) {
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const dying = await createSite(t, { backend, timeout: 0.02 })
  const other = await createSite(t, { backend: memory })
  const browser = dying.browser()
  await browser.run(({ session }) => session.login('ann', { a: 1 }))
  let writes = 0
  backend.before('write', () => ++writes > 1 ? new Promise(() => {}) : undefined)
  const response = await browser.attempt(({ session }) => operation === 'login' ? session.login('ann') : session.regenerateId())
  t.equal(response.statusCode, 503)
  return { other, browser, pass: (ms: number) => { dying.clock.now += ms; other.clock.now += ms } }
}

for (const operation of operations) {
  t.test(`a process that dies in the middle of ${operation}() leaves nothing listed that nobody holds, for more than five minutes`, async t => {
    const { other, pass } = await dead(t, operation)
    const seen = async () => [(await other.app.sessions.list({ subject: 'ann' })).sessions.length, await other.app.sessions.count({ subject: 'ann' })]
    t.strictSame(await seen(), [2, 2], 'the old session stands, and a sign-in may be under way')
    pass(5 * MINUTE)
    t.strictSame(await seen(), [1, 1])
    t.equal(await other.app.sessions.revokeSubject('ann'), 2, 'a revocation reaches it all the same')
  })

  t.test(`what ${operation}() stores lives as long as any session once it has returned`, async t => {
    const site = await createSite(t, { backend: 'memory', idleTimeout: '14d' })
    const browser = site.browser()
    await browser.run(({ session }) => session.login('ann'))
    site.operations()
    const { body } = await browser.run(async ({ session }) => {
      if (operation === 'login') await session.login('ann')
      else await session.regenerateId()
      return session.expiresAt
    })
    t.equal(new Date(body.slice(1, -1)).getTime(), site.clock.now + 14 * DAY_MS)
    t.ok(site.operations().join(' ').endsWith('write read write touch'))
    site.clock.now += 13 * DAY_MS
    t.equal((await browser.run(({ session }) => session.subject)).body, 'ann')
  })

  t.test(`where the last step of ${operation}() fails, the next request makes up for it`, async t => {
    const site = await createSite(t, { backend: 'memory', idleTimeout: '14d' })
    const browser = site.browser()
    await browser.run(({ session }) => session.login('ann'))
    site.backend.fail('touch')
    await browser.run(({ session }) => operation === 'login' ? session.login('ann') : session.regenerateId())
    site.backend.heal()
    await browser.run(({ session }) => session.subject)
    site.clock.now += 13 * DAY_MS
    t.equal((await browser.run(({ session }) => session.subject)).body, 'ann')
    t.equal(await site.app.sessions.count({ subject: 'ann' }), 1)
  })
}

t.test('a store that cannot move deadlines alone takes the record as it is', async t => {
  const clock = { now: 0 }
  const backend = new FaultyBackend(new UntouchableBackend(() => clock.now))
  const site = await createSite(t, { backend })
  clock.now = site.clock.now
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann'))
  backend.calls.length = 0
  await browser.run(({ session }) => session.login('ann'))
  t.strictSame(backend.calls.map(({ operation }) => operation), ['read', 'write', 'write'])
})

t.test('the sessions of a subject are counted over all pages', async t => {
  const site = await createSite(t, { backend: 'memory' })
  for (let n = 0; n < 150; n++) await site.app.sessions.create({ n }, { subject: 'ann' })
  t.equal(await site.app.sessions.count({ subject: 'ann' }), 150)
})
