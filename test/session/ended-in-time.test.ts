import t from 'tap'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { backendOf, createSite, kinds } from '../helpers/app.ts'

// The deadline passes while the handler runs: exactly then, the session is over.
for (const kind of kinds) {
  t.test(`${kind}: changes to a session whose time is over when they are committed are dropped with a warning`, async t => {
    const backend = new FaultyBackend(backendOf(kind))
    const site = await createSite(t, { backend, absoluteTimeout: 100 })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    backend.calls.length = 0
    const response = await browser.run(({ session }) => {
      session.a = 2
      site.clock.now += 100_000
    })
    t.equal(response.headers['set-cookie'], undefined)
    t.match(site.warnings(), [/^changes of the session are dropped: it ended while the request ran \(GET \/\)$/])
    t.strictSame(backend.calls.map(({ operation }) => operation), ['read'])
  })

  t.test(`${kind}: save() of a session whose time is over rejects`, async t => {
    const site = await createSite(t, { backend: kind, absoluteTimeout: 100 })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async ({ session }) => {
      session.a = 2
      site.clock.now += 100_000
      await t.rejects(session.save(), { code: 'SES_DESTROYED', statusCode: 409, message: /another request ended it/ })
    })
  })
}

t.test('a transaction on a session whose time is over rejects, and its result is stored nowhere', async t => {
  const site = await createSite(t, { backend: 'memory', absoluteTimeout: 100 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    const counted = session.transaction((data: any) => {
      site.clock.now += 100_000
      return ++data.n
    })
    await t.rejects(counted, { code: 'SES_DESTROYED', message: /another request ended it/ })
  })
  t.equal(await site.app.sessions.count(), 0)
})
