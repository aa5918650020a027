import t, { type Test } from 'tap'
import { MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { type AnyRequest } from '../helpers/browser.ts'
import { createSite } from '../helpers/app.ts'
import { Gate, settled } from '../helpers/gate.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

type End = (request: AnyRequest) => Promise<unknown>

const endings: Readonly<Record<string, End>> = {
  'destroy()': ({ session }) => session.destroy(),
  'login()': ({ session }) => session.login('ann'),
  'regenerateId()': ({ session }) => session.regenerateId(),
  'regenerate()': ({ session }) => session.regenerate(),
  'revoke()': ({ session, server }) => (server as unknown as { sessions: { revoke (id: string): Promise<void> } }).sessions.revoke(session.id)
}

/** A session whose first write from now on is held: further commits of the session wait behind it. */
async function held (t: Test, inner: SessionBackend) {
  const backend = new FaultyBackend(inner)
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const id: string = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  const gate = new Gate()
  let nth = 0
  backend.before('write', call => call.id === id && ++nth === 1 ? gate.pass() : undefined)
  const commits = [1, 2, 3].map(n => browser.copy().attempt(({ session }) => { session[`key${n}`] = n }))
  await gate.reached
  await settled()
  return { site, browser, id, gate, commits }
}

for (const [name, end] of Object.entries(endings)) {
  t.test(`${name} is done while commits of the session run and wait, and none of them brings the session back`, async t => {
    const { site, browser, id, gate, commits } = await held(t, new MemoryBackend())
    const old = browser.copy()
    await browser.run(end)
    t.equal(await site.app.sessions.get(id), null, 'ended before the first commit')
    gate.open()
    for (const { statusCode } of await Promise.all(commits)) t.equal(statusCode, 200)
    t.equal(await site.app.sessions.get(id), null)
    t.strictSame(await old.data(), {})
  })

  t.test(`${name} waits for the running commit only where the backend does not compare, and passes those that wait`, async t => {
    const { site, browser, id, gate, commits } = await held(t, new MinimalBackend())
    const old = browser.copy()
    const ending = browser.run(end)
    await settled()
    gate.open()
    await ending
    t.equal(await site.app.sessions.get(id), null)
    await Promise.all(commits)
    t.equal(await site.app.sessions.get(id), null, 'and stays so')
    t.strictSame(await old.data(), {})
  })
}

t.test('a session can be revoked inside its own transaction, which then finds the session gone', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    const { id } = session
    await t.rejects(session.transaction(() => site.app.sessions.revoke(id)), { code: 'SES_DESTROYED' })
  })
  t.strictSame(await browser.data(), {})
})

t.test('a record that names itself as its successor is ended like any other', async t => {
  const memory = new MemoryBackend()
  const site = await createSite(t, { backend: memory })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const { sessions: [info] } = await site.app.sessions.list()
  const { id } = info!
  const bound = new FaultyBackend(memory).bind!({ property: 'session', now: () => site.clock.now } as never)
  const record = (await bound.read(id))!
  await bound.write(id, { ...record, version: 5, meta: { successor: id } })
  await site.app.sessions.revoke(id)
  t.equal(await site.app.sessions.get(id), null)
})

t.test('more than a thousand commits of a session do not wait: the next is a conflict at once', async t => {
  const { browser, gate, commits } = await held(t, new MinimalBackend())
  const many = Array.from({ length: 1_005 }, (_, n) => browser.copy().attempt(({ session }) => { session.n = n }))
  await settled()
  gate.open()
  const statuses = (await Promise.all([...commits, ...many])).map(({ statusCode }) => statusCode)
  t.ok(statuses.includes(409), 'some are refused')
  t.ok(statuses.filter(status => status === 200).length >= 1_000, 'and a thousand are served')
})

t.test('a sign-in that times out between its two writes leaves nothing listed, also when its write lands later', async t => {
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const site = await createSite(t, { backend, timeout: 0.05 })
  const browser = site.browser()
  const id: string = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  const gate = new Gate()
  // The old record's end hangs: the new record is stored by then.
  backend.before('write', call => call.id === id ? gate.pass() : undefined)
  t.equal((await browser.attempt(({ session }) => session.login('ann'))).statusCode, 503)
  await settled()
  t.equal(await site.app.sessions.count({ subject: 'ann' }), 0)
  gate.open()
  backend.heal()
  // The new record's own write hangs, and lands after the time-out.
  const late = new Gate()
  let isFirst = true
  backend.before('write', call => {
    if (call.id === id || !isFirst) return
    isFirst = false
    return late.pass()
  })
  const other = site.browser()
  t.equal((await other.attempt(({ session }) => session.login('eve'))).statusCode, 503)
  late.open()
  await settled()
  t.equal(await site.app.sessions.count({ subject: 'eve' }), 0)
})

t.test('where the backend does not compare, a sign-in that times out removes the record that it wrote', async t => {
  const minimal = new MinimalBackend()
  const backend = new FaultyBackend(minimal)
  const site = await createSite(t, { backend, timeout: 0.02 })
  const browser = site.browser()
  const id: string = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  const gate = new Gate()
  backend.before('remove', call => call.id === id ? gate.pass() : undefined)
  t.equal((await browser.attempt(({ session }) => session.login('ann'))).statusCode, 503)
  await settled()
  t.strictSame([...minimal.records.keys()], [id], 'only the old session stands')
})

t.test('a sign-in that times out before it wrote anything, and one into a cookie, have nothing to clean up', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, timeout: 0.02 })
  backend.hang('read')
  t.equal((await site.browser().attempt(({ session }) => session.login('ann'))).statusCode, 503)
  await settled()
  t.strictSame(backend.calls.map(({ operation }) => operation), ['read'], 'the mark of a revocation was looked for')
  const inCookie = await createSite(t, { backend: 'cookie', timeout: 0.02 })
  inCookie.backend.hang('write')
  const response = await inCookie.browser().attempt(({ session }) => session.login('ann'))
  t.strictSame([response.statusCode, response.headers['set-cookie']], [503, undefined])
})
