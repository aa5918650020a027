import t, { type Test } from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { createSite, SECRET } from '../helpers/app.ts'
import { cookieOf } from '../helpers/cookies.ts'
import { createSecretSite, INTERVAL_MS, seenBy, signedIn } from '../helpers/secrets.ts'
import { silentBackend } from '../helpers/silent-backend.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'

// What a commit that is more than a compare-and-set says of itself.

t.test('a cookie session whose endings are kept is created once, then saved, then renewed', async t => {
  const site = await createSite(t, { backend: new CookieBackend({ revocation: new MemoryBackend() }), idleTimeout: '10d' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(({ session }) => { session.n = 2 })
  site.clock.now += 5 * DAY_MS
  await browser.run(({ session }) => session.n)
  t.strictSame(site.events.map(({ type }) => type).filter(type => type !== 'loaded'), ['created', 'saved', 'renewed'])
})

t.test('a new secret of an unchanged session is a renewal', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  site.events.length = 0
  await seenBy(browser)
  t.strictSame(site.events.map(({ type }) => type), ['loaded', 'renewed'])
})

t.test('a new secret of an unchanged session changes nothing about whose it is, also where the option `subject` came later', async t => {
  const backend = new MemoryBackend()
  const options = { backend, secret: SECRET, renewSecretEvery: '1h', idleTimeout: '10d' } as const
  const before = await createSite(t, options)
  const response = await before.call('/', '', ({ session }) => { session.user = 'ada'; return session.id })
  const site = await createSite(t, { ...options, subject: (data: any) => data.user })
  site.clock.now += 2 * HOUR_MS
  const { headers } = await site.call('/', cookieOf(response), ({ session }) => session.user)
  t.ok(headers['set-cookie'], 'the new secret')
  t.match(await site.app.sessions.get(response.body), { subject: null, data: { user: 'ada' } })
})

t.test('a session that becomes empty by what it drops says whose changes that has lost', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.x = 1 })
  const tab = browser.copy()
  await browser.run(async ({ session }) => {
    await tab.run(other => { other.session.x = 2 })
    delete session.x
  })
  t.match(site.events.slice(-3), [
    { type: 'conflict', reason: 'version' },
    { type: 'destroyed', reason: 'empty' },
    { type: 'conflict', reason: 'overwritten', path: ['x'] }
  ])
  t.equal(await site.app.sessions.count(), 0)
})

/** A cookie session that another node ends while its request runs. The store of endings reports nothing, so that nodes remember for `staleness`. */
async function endedElsewhere (t: Test, staleness: string, change: (session: any) => void) {
  const revocation = silentBackend()
  const create = () => createSite(t, { backend: new CookieBackend({ revocation, staleness }) })
  const [here, elsewhere] = [await create(), await create()]
  const browser = here.browser()
  await browser.run(({ session }) => { session.n = 1 })
  here.events.length = 0
  const response = await browser.attempt(async ({ session }) => {
    await elsewhere.app.sessions.revoke(session.id)
    here.clock.now += 1
    change(session)
  })
  return { response, events: here.events.map(({ type, reason }) => `${type} ${reason}`) }
}

t.test('a cookie session that has ended since it was loaded is not sealed anew', async t => {
  const { response, events } = await endedElsewhere(t, '0.001s', session => { session.n = 2 })
  t.strictSame([response.statusCode, response.headers['set-cookie'], events.at(-1)], [200, undefined, 'conflict gone'])
})

t.test('nor one whose end this node has not heard of, where the session is to live longer than any before', async t => {
  const { response, events } = await endedElsewhere(t, '5s', session => { session.setLifetime({ idleTimeout: '90d', absoluteTimeout: '90d' }) })
  t.strictSame([response.statusCode, response.headers['set-cookie'], events.at(-1)], [200, undefined, 'conflict gone'])
})
