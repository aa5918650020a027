import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { Gate } from '../helpers/gate.ts'

t.test('revoke() ends one session', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const [one, two] = [site.browser(), site.browser()]
  const id = (await one.run(({ session }) => { session.a = 1; return session.id })).body
  await two.run(({ session }) => { session.a = 2 })
  t.equal(await site.app.sessions.revoke(id), undefined)
  t.strictSame([await one.data(), await two.data()], [{}, { a: 2 }])
  await site.app.sessions.revoke(id)
})

t.test('a request in flight does not bring a revoked session back', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann', { a: 1 }))
  const response = await browser.run(async ({ session }) => {
    session.b = 2
    await site.app.sessions.revoke(session.id)
  })
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(await site.app.sessions.count(), 0)
})

t.test('revokeSubject() ends all sessions of a user, and says how many', async t => {
  const { sessions } = (await createSite(t, { backend: 'memory' })).app
  for (const subject of ['ann', 'ann', 'bob']) await sessions.create({}, { subject })
  t.equal(await sessions.revokeSubject('ann'), 2)
  t.strictSame([await sessions.count({ subject: 'ann' }), await sessions.count()], [0, 1])
  await t.rejects(sessions.revokeSubject(''), { code: 'SES_NOT_SERIALIZABLE' })
})

t.test('revokeSubject() can spare one session', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const [here, elsewhere] = [site.browser(), site.browser()]
  for (const browser of [here, elsewhere]) await browser.run(({ session }) => session.login('ann'))
  await here.run(({ session }) => site.app.sessions.revokeSubject('ann', { except: session.id }))
  t.equal((await here.run(({ session }) => session.subject)).body, 'ann')
  t.equal((await elsewhere.run(({ session }) => session.isNew)).body, 'true')
})

t.test('revokeAll() ends every session', async t => {
  const { sessions } = (await createSite(t, { backend: 'memory' })).app
  for (const subject of ['ann', 'bob']) await sessions.create({}, { subject })
  t.equal(await sessions.revokeAll(), undefined)
  t.equal(await sessions.count(), 0)
})

// A sign-in is held once before its write reaches the store, and once after.
for (const moment of ['before', 'after'] as const) {
  for (const kind of ['login()', 'create()'] as const) {
    t.test(`a sign-in held ${moment} its write ends with the others, one that begins afterwards is new: ${kind}`, async t => {
      const backend = new FaultyBackend(new MemoryBackend())
      const site = await createSite(t, { backend })
      const browser = site.browser()
      await browser.run(({ session }) => { session.a = 1 })
      const guest = (await site.app.sessions.list()).sessions[0]!.id
      const signIn = async (): Promise<string> => {
        if (kind === 'create()') return await site.app.sessions.create({}, { subject: 'ann' }).then(() => 'done', error => error.code)
        const { statusCode, headers, body } = await browser.attempt(({ session }) => session.login('ann'))
        t.equal(headers['set-cookie'] === undefined, statusCode === 409)
        return statusCode === 409 ? JSON.parse(body).code : 'done'
      }
      const [reached, go] = [new Gate(), new Gate()]
      let isRevoking = false
      const hold = async (): Promise<void> => {
        if (isRevoking) return
        reached.open()
        await go.opened
      }
      let looks = 0
      backend.before('write', async () => { if (moment === 'before') await hold() })
      // A sign-in looks for a revocation before its write and after.
      backend.before('read', async ({ id }) => { if (moment === 'after' && id !== guest && ++looks === 2) await hold() })
      const answer = signIn()
      await reached.opened
      isRevoking = true
      await site.app.sessions.revokeSubject('ann')
      go.open()
      t.equal(await answer, 'SES_DESTROYED')
      t.equal(await site.app.sessions.count({ subject: 'ann' }), 0)
      backend.heal()
      t.equal(await signIn(), 'done')
      t.equal(await site.app.sessions.count({ subject: 'ann' }), 1)
    })
  }
}

t.test('a revocation does not concern the sign-in of somebody else', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const [reached, go] = [new Gate(), new Gate()]
  let isRevoking = false
  backend.before('write', async () => {
    reached.open()
    if (!isRevoking) await go.opened
  })
  const browser = site.browser()
  const login = browser.run(({ session }) => session.login('bob'))
  await reached.opened
  isRevoking = true
  await site.app.sessions.revokeSubject('ann')
  go.open()
  await login
  t.equal(await site.app.sessions.count({ subject: 'bob' }), 1)
})

t.test('a regeneration under way does not save a session from its revocation', async t => {
  for (const operation of ['regenerateId', 'save']) {
    const backend = new FaultyBackend(new MemoryBackend())
    const site = await createSite(t, { backend })
    const browser = site.browser()
    await browser.run(({ session }) => session.login('ann', { a: 1 }))
    const [reached, go] = [new Gate(), new Gate()]
    let isRevoking = false
    backend.before('write', async () => {
      reached.open()
      if (!isRevoking) await go.opened
    })
    const answer = browser.attempt(({ session }) => { session.b = 2; return session[operation]() })
    await reached.opened
    isRevoking = true
    await site.app.sessions.revokeSubject('ann')
    go.open()
    t.equal((await answer).statusCode, 409)
    t.equal(await site.app.sessions.count(), 0, operation)
  }
})

t.test('create() under an id that is taken is an error, and changes nothing', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  backend.before('write', async ({ id }) => {
    backend.heal()
    const stands = { id: id!, version: 7, data: '{"mine":1}', schemaVersion: 1, createdAt: 1, lastAccessedAt: site.clock.now, expiresAt: site.clock.now + 1_000, subject: null, policy: null, meta: null }
    await backend.write(id, stands, 0)
  })
  await t.rejects(site.app.sessions.create({ a: 1 } as never), { code: 'SES_DESTROYED' })
  t.equal(await site.app.sessions.count(), 1)
})

t.test('a session that a revocation has spared goes on getting new ids, and a second revocation can spare it again', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const [browser, stranger] = [site.browser(), site.browser()]
  for (const it of [browser, stranger]) await it.run(({ session }) => session.login('ann'))
  for (let n = 0; n < 2; n++) {
    await browser.run(({ session }) => site.app.sessions.revokeSubject('ann', { except: session.id }))
    for (let m = 0; m < 2; m++) await browser.run(({ session }) => session.regenerateId())
    t.equal((await browser.run(({ session }) => session.subject)).body, 'ann')
  }
  t.equal((await stranger.run(({ session }) => String(session.subject))).body, 'null')
  t.equal(await site.app.sessions.count({ subject: 'ann' }), 1)
})
