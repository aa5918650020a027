import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend, type Operation } from '../../lib/testing/faulty.ts'
import { createSite, kinds } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend, against whoever wants to be in the session`, async t => {
    await t.test('a cookie that an attacker planted is worth nothing after the victim has signed in', async t => {
      const site = await createSite(t, { backend: kind })
      const attacker = site.browser()
      await attacker.run(({ session }) => { session.theme = 'dark' })
      const victim = attacker.copy()
      await victim.run(({ session }) => session.login('victim', { card: '4111' }))
      t.match(await victim.data(), { card: '4111' })
      const seen = (await attacker.run(({ session }) => ({ subject: session.subject, data: session.data() }))).json()
      // A cookie session cannot be ended: the attacker keeps the old data, and gets no data of the victim.
      t.strictSame(seen, { subject: null, data: kind === 'memory' ? {} : { theme: 'dark' } })
      t.equal((await attacker.attempt(() => 'in', '/signed-in')).statusCode, 401)
    })

    await t.test('two sign-ins of one user share neither id nor cookie', async t => {
      const site = await createSite(t, { backend: kind })
      const [home, work] = [site.browser(), site.browser()]
      const ids = [home, work].map(async browser => (await browser.run(async ({ session }) => { await session.login('ada'); return session.id })).body)
      t.equal(new Set(await Promise.all(ids)).size, 2)
      t.not(home.header, work.header)
    })

    await t.test('after signing out the next session of the browser has another id', async t => {
      const site = await createSite(t, { backend: kind })
      const browser = site.browser()
      const signIn = async () => {
        const { body } = await browser.run(({ session }) => { session.a = 1; return session.id })
        return [body, browser.header]
      }
      const [id, cookie] = await signIn()
      await browser.run(({ session }) => session.destroy())
      t.equal(browser.cookies.size, 0)
      // A browser may keep the old cookie: then a cookie session lives on, and a stored session does not.
      const [nextId, nextCookie] = await signIn()
      t.not(nextId, id)
      t.not(nextCookie, cookie)
    })
  })
}

const OPERATIONS: readonly Operation[] = ['read', 'write', 'remove', 'touch', 'exists']

/** Makes the backend's call with this number fail, or lose its answer. */
function breakCall (backend: FaultyBackend, at: number, kind: 'fails' | 'loses its answer'): void {
  let number = 0
  for (const operation of OPERATIONS) {
    backend.before(operation, () => {
      number++
      if (number === at + 1) backend.heal()
      if (number !== at) return
      if (kind === 'fails') throw new Error('failed on purpose')
      backend.loseAnswer(operation)
    })
  }
}

t.test('whichever call of the backend fails or loses its answer, a login leaves one usable session', async t => {
  for (const kind of ['fails', 'loses its answer'] as const) {
    for (let at = 1; ; at++) {
      const backend = new FaultyBackend(new MemoryBackend())
      const site = await createSite(t, { backend })
      const browser = site.browser()
      await browser.run(({ session }) => { session.basket = 1 })
      const before = browser.header
      const calls = backend.calls.length
      breakCall(backend, at, kind)
      const response = await browser.attempt(({ session }) => session.login('ada', { card: 1 }))
      backend.heal()
      if (backend.calls.length - calls < at) {
        t.ok(at > 3, 'each call has had its turn')
        break
      }
      const usable = await Promise.all([...new Set([before, browser.header])].map(async cookie => (await site.app.sessions.open(cookie)).isNew))
      t.equal(usable.filter(isNew => !isNew).length, 1, `call ${at} ${kind}`)
      t.equal(await site.app.sessions.count(), 1, `call ${at} ${kind}`)
      t.equal(response.statusCode === 200, cookieLines(response).length === 1, `call ${at} ${kind}`)
      t.match(await browser.data(), response.statusCode === 200 ? { basket: 1, card: 1 } : { basket: 1, card: undefined })
    }
  }
})
