import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, type Site } from '../helpers/app.ts'
import type { Browser } from '../helpers/browser.ts'
import { Gate } from '../helpers/gate.ts'

/** A node whose first call for a sign-in is held on its way to the store, and a second node. */
async function held (t: Test) {
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const [far, near] = [await createSite(t, { backend }), await createSite(t, { backend: memory })]
  const gate = new Gate()
  const pass = (ms: number) => { for (const { clock } of [far, near]) clock.now += ms }
  const hold = () => {
    backend.before('read', () => {
      backend.heal()
      return gate.pass()
    })
  }
  return { far, near, gate, hold, pass }
}

const subjectOf = async (browser: Browser) => (await browser.run(({ session }) => session.subject)).body

const signIns: Readonly<Record<string, (site: Site) => Promise<() => Promise<unknown>>>> = {
  'login()': async site => {
    const browser = site.browser()
    await browser.attempt(({ session }) => session.login('ann'))
    return () => subjectOf(browser)
  },
  'app.sessions.create()': async site => {
    const created = await site.app.sessions.create({}, { subject: 'ann' }).catch(() => null)
    return async () => created === null ? 'null' : (await site.app.sessions.open(created.cookie)).subject ?? 'null'
  }
}

for (const [name, signIn] of Object.entries(signIns)) {
  t.test(`a sign-in by ${name} that was called before a revocation, and reaches the store afterwards, does not survive`, async t => {
    for (const ms of [0, 1, 1_000]) {
      const { far, near, gate, hold, pass } = await held(t)
      hold()
      const signingIn = signIn(far as unknown as Site)
      await gate.reached
      pass(ms)
      await near.app.sessions.revokeSubject('ann')
      pass(ms)
      gate.open()
      const subject = await signingIn
      t.equal(await subject(), 'null', `${ms} ms apart`)
      t.equal(await near.app.sessions.count({ subject: 'ann' }), 0)
    }
  })

  t.test(`a sign-in by ${name} that is called in the millisecond in which a revocation has returned is new`, async t => {
    const { far, near } = await held(t)
    await near.app.sessions.revokeSubject('ann')
    const subject = await signIn(far as unknown as Site)
    t.equal(await subject(), 'ann')
  })
}

t.test('a revocation by a different process is placed by the clock, for as long as the question was on its way', async t => {
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const site = await createSite(t, { backend })
  // The mark as a different process makes it: this process does not know its version.
  const revokeElsewhere = async (createdAt: number) => {
    const marks: string[] = []
    backend.before('write', ({ id }) => { marks.push(id!) })
    await site.app.sessions.revokeSubject('ann')
    backend.heal()
    const mark = (await backend.read(marks[0]!))!
    await backend.write(mark.id, { ...mark, version: 7, createdAt })
  }
  const signIn = async (createdAt: number) => {
    const gate = new Gate()
    await revokeElsewhere(createdAt)
    backend.before('read', () => { backend.heal(); return gate.pass() })
    const browser = site.browser()
    const answer = browser.attempt(({ session }) => session.login('ann'))
    await gate.reached
    site.clock.now += 10
    gate.open()
    return (await answer).statusCode
  }
  const { now } = site.clock
  t.equal(await signIn(now), 200, 'made when the sign-in was called')
  t.equal(await signIn(site.clock.now + 5), 409, 'made while the sign-in was on its way')
  t.equal(await signIn(site.clock.now + 11), 200, 'made by a clock that is ahead')
})

t.test('a revocation whose mark cannot be stored ends what is stored all the same, and then rejects', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browsers = [1, 2].map(() => site.browser())
  for (const browser of browsers) await browser.run(({ session }) => session.login('ann'))
  site.backend.fail('write')
  await t.rejects(site.app.sessions.revokeSubject('ann'), { code: 'SES_BACKEND_UNAVAILABLE' })
  for (const browser of browsers) t.equal(await subjectOf(browser), 'null')
  t.ok(site.events.some(({ type, reason }) => type === 'revoked' && reason === 'subject'))
})
