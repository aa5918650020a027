import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'
import { MINUTE_MS, START } from '../helpers/times.ts'

for (const kind of kinds) {
  t.test(`reauthenticate() is a new id and a fresh sign-in, and keeps the rest (${kind})`, async t => {
    const { browser: open, clock } = await createSite(t, { backend: kind })
    const browser = open()
    const state = ({ session }: { session: any }) => {
      const { id, subject, labels, level, createdAt, expiresAt, signedInAt } = session
      return { id, data: session.data(), subject, labels, level, createdAt, expiresAt, signedInAt }
    }
    await browser.run(async ({ session }) => {
      await session.login('ann', { a: 1 }, { labels: ['org:7'], level: 'pwd' })
      session.setLifetime({ idleTimeout: '10m', absoluteTimeout: '20m' })
    })
    const before = (await browser.run(state)).json()
    clock.now += MINUTE_MS
    const after = (await browser.run(async request => {
      await request.session.reauthenticate()
      return state(request)
    })).json()
    t.not(after.id, before.id)
    t.strictSame({ ...after, id: 0, expiresAt: 0 }, { ...before, id: 0, expiresAt: 0, signedInAt: new Date(START + MINUTE_MS).toISOString() })
    t.equal(Date.parse(after.expiresAt), Date.parse(before.expiresAt) + MINUTE_MS, 'it is a use')
    await browser.run(({ session }) => session.reauthenticate({ level: 'mfa' }))
    t.match((await browser.run(state)).json(), { level: 'mfa', labels: ['org:7'], subject: 'ann' })
  })

  t.test(`a guest has nothing to prove again (${kind})`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(({ session }) => { session.a = 1 })
    const { statusCode, body } = await browser.attempt(({ session }) => session.reauthenticate())
    t.equal(statusCode, 401)
    t.match(JSON.parse(body), { code: 'SES_REQUIRED', message: 'This route needs a session that is signed in' })
    t.strictSame(await browser.data(), { a: 1 })
  })
}

t.test('the old id is dead', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => session.login('ann'))
  const old = browser.copy()
  await browser.run(({ session }) => session.reauthenticate())
  t.equal((await old.run(({ session }) => session.subject ?? 'nobody')).body, 'nobody')
})

t.test('reauthenticate() takes a callback', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => session.login('ann'))
  for (const args of [[], [{ level: 'mfa' }], [undefined]]) {
    await browser.run(({ session }) => new Promise<void>((resolve, reject) => {
      session.reauthenticate(...args, (error: Error | null) => { if (error === null) resolve(); else reject(error) })
    }))
  }
  t.equal((await browser.run(({ session }) => session.level)).body, 'mfa')
})

t.test('wrong options are refused', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(async ({ session }) => {
    await session.login('ann')
    for (const options of [{ level: '' }, { labels: ['a'] }, 'mfa']) {
      await t.rejects(session.reauthenticate(options), { code: 'SES_INVALID_OPTIONS', message: /reauthenticate/ })
    }
  })
})

t.test('a revocation beside it is not escaped', async t => {
  const { browser: open, backend, app } = await createSite(t, { backend: 'memory' })
  const browser = open()
  await browser.run(({ session }) => session.login('ann'))
  const { statusCode } = await browser.attempt(async ({ session }) => {
    backend.before('write', async () => {
      backend.heal()
      await app.sessions.revokeSubject('ann')
    })
    await session.reauthenticate()
  })
  t.equal(statusCode, 409)
  t.equal(await app.sessions.count({ subject: 'ann' }), 0)
})
