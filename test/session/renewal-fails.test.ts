import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { MinimalBackend, UntouchableBackend } from '../helpers/minimal-backend.ts'
import { createSite } from '../helpers/app.ts'

const stores = {
  'a store with touch': () => new MemoryBackend(),
  'a store without touch': () => new UntouchableBackend(() => 0),
  'a store without compare-and-set': () => new MinimalBackend()
}

for (const [name, create] of Object.entries(stores)) {
  for (const [kind, isForced] of [['a due renewal', false], ['touch()', true]] as const) {
    t.test(`${kind} that fails in ${name} does not fail a request that only reads, and the next request tries again`, async t => {
      const backend = new FaultyBackend(create())
      const site = await createSite(t, { backend, cookie: { persistent: true } })
      const browser = site.browser()
      await browser.run(({ session }) => { session.a = 1 })
      site.clock.now += isForced ? 0 : 10 * 86_400_000
      backend.fail('write').fail('touch')
      const response = await browser.attempt(({ session }) => { if (isForced) session.touch(); return session.a })
      t.strictSame([response.statusCode, response.body, response.headers['set-cookie']], [200, '1', undefined])
      t.match(site.warnings(), [/could not be renewed; the next request tries again \(GET \/\)/])
      t.match(site.events.at(-1), { type: 'unavailable', reason: 'renew' })
      backend.heal()
      await browser.run(({ session }) => { if (isForced) session.touch() })
      t.match(site.events.at(-1), { type: 'renewed' })
    })
  }
}

t.test('a store that fails at once, and not by a promise, does not fail the request either', async t => {
  const minimal = new MinimalBackend()
  const site = await createSite(t, { backend: minimal })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  minimal.write = () => { throw new Error('read-only') }
  const response = await browser.attempt(({ session }) => { session.touch(); return session.a })
  t.strictSame([response.statusCode, response.body], [200, '1'])
  t.match(site.warnings(), [/could not be renewed/])
})

t.test('an explicit save() that has nothing but a renewal to do still rejects', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  site.backend.fail('write')
  await browser.attempt(async ({ session }) => {
    session.touch()
    await t.rejects(session.save(), { code: 'SES_BACKEND_UNAVAILABLE' })
  })
})
