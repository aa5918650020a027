import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { Gate } from '../helpers/gate.ts'

// In a process, commits of a session wait for each other, and each starts from the record that the commit before has left.

t.test('a sign-in that fails leaves the session to the request behind it', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const [reached, go] = [new Gate(), new Gate()]
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
  t.strictSame(site.warnings(), [])
})

t.test('a logout that fails leaves the session to the request behind it', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const [reached, go] = [new Gate(), new Gate()]
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
