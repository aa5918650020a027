import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { bench, gate } from '../helpers/session-bench.ts'

// Commits of one session wait for each other in a process, and start from what the one before has left.

t.test('a sign-in that fails leaves the session to the request behind it', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await bench(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const [reached, go] = [gate(), gate()]
  let writes = 0
  backend.before('write', async () => {
    if (++writes > 1) return
    reached.open()
    await go.opened
  })
  const login = browser.attempt(({ session }) => session.login('ann'))
  await reached.opened
  const behind = browser.attempt(({ session }) => { session.b = 2 })
  await site.app.sessions.revokeSubject('ann')
  go.open()
  t.equal((await login).statusCode, 409)
  t.equal((await behind).statusCode, 200)
  t.strictSame(await browser.data(), { a: 1, b: 2 })
  t.strictSame(site.warnings, [])
})

t.test('a logout that fails leaves the session to the request behind it', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await bench(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const [reached, go] = [gate(), gate()]
  let writes = 0
  backend.before('write', async () => {
    if (++writes > 1) return
    reached.open()
    await go.opened
    throw new Error('failed on purpose')
  })
  const logout = browser.attempt(({ session }) => session.destroy())
  await reached.opened
  const behind = browser.attempt(({ session }) => { session.b = 2 })
  go.open()
  t.equal((await logout).statusCode, 503)
  t.equal((await behind).statusCode, 200)
  t.strictSame(await browser.data(), { a: 1, b: 2 })
})
