import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'

async function outage (t: any) {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann', { a: 1 }))
  backend.fail('read')
  return { site, browser, backend }
}

t.test('where the route allows it, a backend that cannot be reached is an empty session', async t => {
  const { browser, backend, site } = await outage(t)
  const response = await browser.run(({ session }) => [session.isLoaded, session.subject, session.data()], '/anonymous')
  t.strictSame(response.json(), [true, null, {}])
  t.equal(response.headers['set-cookie'], undefined)
  t.match(site.warnings(), [/the session backend is unavailable: this request gets an empty session/])
  t.equal((await browser.attempt(() => {})).statusCode, 503, 'elsewhere it is an error')
  backend.heal()
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('plain changes are dropped with a warning', async t => {
  const { browser, backend, site } = await outage(t)
  const response = await browser.run(({ session }) => { session.a = 2; session.clear(); session.b = 3; session.touch() }, '/anonymous')
  t.equal(response.headers['set-cookie'], undefined)
  t.match(site.warnings()[1], /changes of the session are dropped: the backend is unavailable \(GET \/anonymous\)/)
  backend.heal()
  t.strictSame(await browser.data(), { a: 1 })
})

for (const operation of ['save', 'login', 'regenerate', 'regenerateId', 'destroy', 'transaction']) {
  t.test(`${operation} is a 503, never with a cookie`, async t => {
    const { browser, backend } = await outage(t)
    const args: unknown[] = { login: ['bob'], transaction: [() => t.fail('it must not run')] }[operation] ?? []
    for (const isCaught of [true, false]) {
      const response = await browser.attempt(async ({ session }) => {
        const promise = session[operation](...args)
        if (isCaught) await t.rejects(promise, { code: 'SES_BACKEND_UNAVAILABLE' })
      }, '/anonymous')
      t.strictSame([response.statusCode, response.headers['set-cookie'], response.headers['retry-after']], [503, undefined, '5'])
    }
    backend.heal()
    t.strictSame(await browser.data(), { a: 1 })
  })
}
