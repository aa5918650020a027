import t from 'tap'
import { createSite } from '../helpers/app.ts'
import { seenBy, signedIn, textIn } from '../helpers/secrets.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { MINUTE_MS } from '../helpers/times.ts'

for (const [name, store] of Object.entries(stores)) {
  // A database of one process.
  if (name === 'pglite') continue
  t.test(`${name}: two processes renew a secret once, and notice when a used-up one comes back`, async t => {
    const space = newSpace()
    const now = Date.now()
    const clock = { now }
    const options = { renewSecretEvery: '15m', now: () => clock.now }
    const first = await createSite(t, { ...options, backend: await store.open(t, space) })
    const second = await createSite(t, { ...options, backend: await store.open(t, space) })
    second.browser()
    const { browser } = await signedIn(first)
    const thief = browser.copy()
    const other = browser.copy()
    clock.now = now + 15 * MINUTE_MS
    const [, answer] = await Promise.all([seenBy(browser), second.call('/', other.header, ({ session }) => session.n)])
    t.equal(answer.body, '1')
    t.equal(String(answer.headers['set-cookie']).split(';')[0], browser.header, 'both send one cookie')
    t.not(textIn(browser), textIn(thief))
    t.equal((await second.call('/', browser.header, ({ session }) => { session.n++ })).statusCode, 200)
    clock.now += MINUTE_MS
    t.equal(await seenBy(thief.copy()), 2, 'the answers of a minute may get lost')
    clock.now += 1
    t.equal((await second.call('/', thief.header, ({ session }) => session.n ?? null)).body, 'null')
    t.equal((await browser.run(({ session }) => session.endedBecause)).body, 'theft')
  })
}
