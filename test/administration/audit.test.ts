import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'

const brief = ({ type, subject, cause, reason, actor }: Record<string, unknown>) => [type, subject, cause, reason, actor]

t.test('events say whose session it is, in which request, why, and who did it', async t => {
  const { browser: open, app: { sessions }, events } = await createSite(t, { backend: 'memory' })
  const browser = open()
  const what = () => events.splice(0).filter(({ type }) => type !== 'loaded').map(event => brief(event as never))
  await browser.run(({ session }) => session.login('ann'))
  t.match(events[0], { requestId: 'req-1' })
  t.strictSame(what(), [['created', 'ann', 'login', 'login', null]])
  await browser.run(({ session }) => session.login('ann'))
  t.strictSame(what(), [['regenerated', 'ann', 'login', 'login', null]])
  await browser.run(({ session }) => session.regenerateId())
  t.strictSame(what(), [['regenerated', 'ann', 'rotate', 'regenerateId', null]])
  await browser.run(({ session }) => session.reauthenticate())
  t.strictSame(what(), [['regenerated', 'ann', 'rotate', 'reauthenticate', null]])
  await browser.run(({ session }) => { session.a = 1 })
  t.strictSame(what(), [['saved', 'ann', null, null, null]])
  const other = browser.copy()
  await browser.run(({ session }) => session.destroy())
  t.strictSame(what(), [['destroyed', 'ann', 'logout', null, null]])
  await other.run(({ session }) => session.subject)
  t.strictSame(what(), [['rejected', null, null, 'unknown', null]])

  await browser.run(({ session }) => session.login('bob'))
  const { id } = (await sessions.list()).sessions[0]!
  what()
  await sessions.revoke(id, { actor: 'admin', reason: 'fired' })
  t.strictSame(what(), [['revoked', null, 'revoke', 'fired', 'admin']])
  await sessions.revokeSubject('bob', { actor: 'admin' })
  t.strictSame(what(), [['revoked', 'bob', 'revoke', 'subject', 'admin']])
  await sessions.revokeAll({ reason: 'leak', actor: 'ops' })
  t.strictSame(what(), [['revoked', null, 'revoke', 'leak', 'ops']])
})

t.test('clearing a session signs out, and a lifetime that is over ends it', async t => {
  const { browser: open, events, clock } = await createSite(t, { backend: 'memory', idleTimeout: '1h' })
  const browser = open()
  await browser.run(({ session }) => session.login('ann'))
  events.splice(0)
  await browser.run(({ session }) => { session.clear() })
  t.match(events.at(-1), { type: 'destroyed', subject: 'ann', cause: 'logout', reason: 'empty' })
  await browser.run(({ session }) => session.login('ann'))
  clock.now += 60_000
  await browser.run(({ session }) => { session.setLifetime({ idleTimeout: 10, absoluteTimeout: 30 }) })
  t.match(events.at(-1), { type: 'destroyed', subject: 'ann', cause: 'expire', reason: 'lifetime' })
})

t.test('a wrong actor or reason is refused', async t => {
  const { app: { sessions } } = await createSite(t, { backend: 'memory' })
  for (const options of [{ actor: '' }, { actor: 7 }, { reason: null }, { who: 'me' }]) {
    const wrong = options as never
    const calls: Array<Promise<unknown>> = [sessions.revoke('x', wrong), sessions.revokeSubject('x', wrong), sessions.revokeAll(wrong)]
    for (const call of calls) {
      await t.rejects(call, { code: 'SES_INVALID_OPTIONS' })
    }
  }
})

for (const kind of kinds) {
  t.test(`metrics() counts (${kind})`, async t => {
    const { browser: open, app: { sessions }, clock } = await createSite(t, { backend: kind, idleTimeout: 100 })
    const [browser, other] = [open(), open()]
    const zero = { created: 0, loads: 0, writes: 0, conflicts: 0, retries: 0, rejected: 0, unavailable: 0 }
    t.match(sessions.metrics(), { ...zero, ended: { logout: 0, rotate: 0, revoke: 0, evict: 0, expire: 0, theft: 0 }, cache: { hits: 0, misses: 0 } })
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(({ session }) => { session.a = 2 })
    await browser.run(({ session }) => session.login('ann'))
    await browser.run(({ session }) => session.destroy())
    await other.run(({ session }) => { session.a = 1 })
    clock.now += 100_000
    await other.run(({ session }) => session.a)
    other.cookies.set('__Host-session', 'forged')
    await other.run(({ session }) => session.a)
    t.match(sessions.metrics(), { created: 2, loads: 3, writes: 4, rejected: 2 })
    t.match(sessions.metrics().ended, { logout: 1, rotate: 1, expire: kind === 'cookie' ? 1 : 0 })
  })
}

t.test('metrics() counts each session that a revocation ended, and is a copy', async t => {
  const { browser: open, app: { sessions } } = await createSite(t, { backend: 'memory' })
  for (let n = 0; n < 3; n++) await open().run(({ session }) => session.login('ann'))
  await sessions.revokeSubject('ann')
  const metrics = sessions.metrics()
  t.equal(metrics.ended.revoke, 3)
  ;(metrics.ended as { revoke: number }).revoke = 0
  t.equal(sessions.metrics().ended.revoke, 3)
})

t.test('metrics() counts retries and values that both changed', async t => {
  const { browser: open, app: { sessions } } = await createSite(t, { backend: 'memory' })
  const browser = open()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    session.a = 2
    await browser.copy().run(other => { other.session.a = 3 })
  })
  t.match(sessions.metrics(), { retries: 1, conflicts: 1 })
})

t.test('with a cookie for each scheme the counters are those of both', async t => {
  const { app } = await createSite(t, { cookie: { secure: 'auto' } })
  app.get('/', async request => { request.session.set('a', 1) })
  await app.inject({ url: '/', headers: { 'x-forwarded-proto': 'https' } })
  await app.inject('/')
  t.equal(app.sessions.metrics().created, 2)
})

t.test('sessions that removeExpired() deletes are one event, and counted each', async t => {
  const { app: { sessions }, clock, events } = await createSite(t, { backend: 'memory', idleTimeout: 10 })
  t.equal(await sessions.removeExpired(), 0)
  for (let n = 0; n < 3; n++) await sessions.create({ n } as never)
  clock.now += 10_000
  t.equal(await sessions.removeExpired(), 3)
  t.match(events.filter(({ type }) => type === 'expired'), [{ id: null, reason: 'removed', cause: 'expire' }])
  t.equal(sessions.metrics().ended.expire, 3)
})
