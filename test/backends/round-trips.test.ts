import t from 'tap'
import { ownProxy } from '../helpers/proxy.ts'
import { sharedServer } from '../helpers/servers.ts'
import { createSite } from '../helpers/app.ts'
import { type Job } from '../helpers/browser.ts'
import { newSpace, stores } from '../helpers/stores.ts'

/** The cost of a request with a session, counted on the wire: how often the request waits for the server. */
const expected: ReadonlyArray<[what: string, job: Job, roundTrips: number]> = [
  ['one that reads', ({ session }) => session.n, 1],
  ['one that does not look', () => {}, 1],
  ['one that sets what is there already', ({ session }) => { session.n = 1 }, 1],
  ['one that writes', ({ session }) => { session.n++ }, 2],
  ['a transaction', ({ session }) => session.transaction((data: any) => { data.n++ }), 3],
  ['one that takes a new id', ({ session }) => session.regenerateId(), 3],
  ['one that signs out', ({ session }) => session.destroy(), 2]
]

for (const [name, { server, open }] of Object.entries(stores)) {
  if (server === null) continue
  t.test(`on ${name}`, async t => {
    const proxy = await ownProxy(t, await sharedServer(server))
    const site = await createSite(t, { backend: await open(t, newSpace(), proxy.url) })
    const browser = site.browser()
    // Connections, scripts and statements are there after a few requests.
    for (let i = 0; i < 3; i++) await browser.run(({ session }) => { session.n = i - 1 })
    for (const [what, job, roundTrips] of expected) {
      const before = proxy.roundTrips
      await browser.run(job)
      t.equal(proxy.roundTrips - before, roundTrips, what)
    }
    const before = proxy.roundTrips
    await site.browser().run(({ session }) => session.n)
    t.equal(proxy.roundTrips - before, 0, 'one without a cookie')
    await site.browser().run(({ session }) => { session.n = 1 })
    t.equal(proxy.roundTrips - before, 1, 'one that stores a new session')
  })
}
