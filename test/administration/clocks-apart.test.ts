import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { databaseBench, openDatabase } from '../helpers/databases.ts'
import { Gate } from '../helpers/gate.ts'

const MINUTE = 60_000
/** How far the clock of the second node is ahead of the clock of the first. */
const APART = [-60 * MINUTE, -10 * MINUTE, 10 * MINUTE, 60 * MINUTE]

/** Two nodes on one store, whose clocks are apart. The store of the first node can be held. */
async function nodes (t: Test, apart: number) {
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const one = await createSite(t, { backend })
  const two = await createSite(t, { backend: memory })
  two.clock.now = one.clock.now + apart
  const pass = (ms: number) => { for (const { clock } of [one, two]) clock.now += ms }
  return { one, two, backend, pass }
}

for (const apart of APART) {
  const name = `with a clock ${Math.abs(apart) / MINUTE} minutes ${apart < 0 ? 'behind' : 'ahead'}`

  t.test(`a sign-in under way is ended by a revocation on a node ${name}`, async t => {
    const { one, two, backend } = await nodes(t, apart)
    const gate = new Gate()
    const browser = one.browser()
    backend.before('write', () => gate.pass())
    const signIn = browser.attempt(({ session }) => session.login('ann'))
    await gate.reached
    await two.app.sessions.revokeSubject('ann')
    backend.heal()
    gate.open()
    await signIn
    t.equal((await browser.run(({ session }) => session.subject)).body, 'null')
  })

  t.test(`a logout under way ends what became of the session under a new id on a node ${name}`, async t => {
    const { one, two, pass } = await nodes(t, apart)
    const browser = one.browser()
    await browser.run(({ session }) => session.login('ann'))
    const moved = browser.copy()
    await browser.copy().run(async ({ session }) => {
      const { statusCode } = await two.call('/', moved.header, other => other.session.regenerateId())
      t.equal(statusCode, 200)
      pass(4 * MINUTE)
      await session.destroy()
    })
    t.equal(await one.app.sessions.count(), 0)
  })

  t.test(`who signs in after a revocation on a node ${name} gets new ids on every node`, async t => {
    for (const later of [0, MINUTE, 6 * MINUTE, 64 * MINUTE, 66 * MINUTE, 130 * MINUTE]) {
      const { one, two, pass } = await nodes(t, apart)
      for (const [revoking, signingIn] of [[one, two], [two, one], [one, one]] as const) {
        await revoking.app.sessions.revokeSubject('ann')
        pass(later)
        const browser = signingIn.browser()
        await browser.run(({ session }) => session.login('ann'))
        const { header } = browser
        for (const site of [one, two]) {
          const response = await site.call('/', header, async ({ session }) => { await session.load(); return session.subject })
          t.equal(response.body, 'ann')
        }
        const other = signingIn === one ? two : one
        const response = await other.call('/', header, ({ session }) => session.regenerateId())
        t.equal(response.statusCode, 200, `${later / MINUTE} minutes later`)
      }
    }
  })
}

t.test('a session that signed in where the mark of a revocation had expired by the clock gets new ids where it still stands', async t => {
  const { root } = await databaseBench(t, await openDatabase(t, 'SQLite in memory'))
  const [behind, ahead] = [await createSite(t, { backend: root }), await createSite(t, { backend: root })]
  await behind.app.sessions.revokeSubject('ann')
  behind.clock.now += 6 * MINUTE
  ahead.clock.now += 66 * MINUTE
  const browser = ahead.browser()
  await browser.run(({ session }) => session.login('ann'))
  const { statusCode } = await behind.call('/', browser.header, ({ session }) => session.regenerateId())
  t.equal(statusCode, 200)
})
