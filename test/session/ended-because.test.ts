import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'
import type { AnyRequest, Browser } from '../helpers/browser.ts'
import { HOUR_MS } from '../helpers/times.ts'

const why = async (browser: Browser) => (await browser.run(({ session }: AnyRequest) => ({ why: session.endedBecause }))).json().why

t.test('a session in place of one that ended says why', async t => {
  const { browser: open, app, clock } = await createSite(t, { backend: 'memory', maxSessionsPerSubject: 2 })
  const signedIn = async (subject: string) => {
    const browser = open()
    await browser.run(({ session }) => session.login(subject))
    return browser
  }
  const [ann, bob, cat] = [await signedIn('ann'), await signedIn('bob'), await signedIn('cat')]
  t.equal(await why(ann), null, 'it is there')
  await app.sessions.revoke((await ann.run(({ session }) => session.id)).body)
  t.equal(await why(ann), 'revoked')
  await app.sessions.revokeSubject('bob')
  t.equal(await why(bob), 'revoked')

  clock.now += 1
  await signedIn('cat')
  clock.now += 1
  await signedIn('cat')
  t.equal(await why(cat), 'evicted')

  const dan = await signedIn('dan')
  const old = dan.copy()
  await dan.run(({ session }) => session.regenerateId())
  t.equal(await why(old), 'replaced')
  const out = dan.copy()
  await dan.run(({ session }) => session.destroy())
  t.equal(await why(out), null, 'who signed out knows why')

  clock.now += 2 * HOUR_MS
  for (const browser of [ann, bob, cat, old]) t.equal(await why(browser), null, 'later nobody knows')
})

t.test('a session whose deadline has come, and an invented cookie, have no reason', async t => {
  const { browser: open, clock } = await createSite(t, { backend: 'memory', idleTimeout: 60 })
  const browser = open()
  await browser.run(({ session }) => { session.a = 1 })
  clock.now += 60_000
  t.equal(await why(browser), null)
  browser.cookies.set('__Host-session', 'A'.repeat(43))
  t.equal(await why(browser), null)
})

for (const kind of kinds) {
  t.test(`reading it creates nothing (${kind})`, async t => {
    const site = await createSite(t, { backend: kind })
    const { headers } = await site.browser().run(({ session }) => ({ why: session.endedBecause }))
    t.equal(headers['set-cookie'], undefined)
    t.notOk(site.operations().includes('write'))
  })
}
