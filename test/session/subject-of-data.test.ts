import t, { type Test } from 'tap'
import { createSite, type Kind, kinds, type SiteOptions } from '../helpers/app.ts'

type Options = SiteOptions & { backend?: Kind }

/** An application whose sign-in writes `user` into the data, as passport writes `passport`. */
async function withUser (t: Test, options: Options = {}) {
  const site = await createSite(t, { backend: 'memory', subject: data => data['user'], ...options })
  const browser = site.browser()
  const subject = async () => (await browser.run(({ session }) => [session.subject, session.signedInAt !== null])).json()
  const fixations = () => site.events.filter(({ reason }) => reason === 'fixation')
  return { ...site, browser, another: () => site.browser(), subject, fixations }
}

for (const kind of kinds) {
  t.test(`the subject is what the data say (${kind})`, async t => {
    const { browser, subject } = await withUser(t, { backend: kind })
    await browser.run(({ session }) => { session.a = 1 })
    t.strictSame(await subject(), [null, false])
    await browser.run(async request => { await request.session.regenerate(); request.session.user = 'ann' })
    t.strictSame(await subject(), ['ann', true])
    await browser.run(({ session }) => { session.a = 2 })
    t.strictSame(await subject(), ['ann', true])
    await browser.run(({ session }) => { session.user = 7 })
    t.strictSame(await subject(), ['7', true], 'an integer is a subject too')
    await browser.run(({ session }) => { delete session.user })
    t.strictSame(await subject(), [null, false])
  })

  t.test(`login() wins (${kind})`, async t => {
    const { browser, subject } = await withUser(t, { backend: kind })
    await browser.run(({ session }) => session.login('root', { user: 'ann' }))
    t.strictSame(await subject(), ['root', true])
    await browser.run(({ session }) => { session.user = 'bob' })
    t.strictSame(await subject(), ['root', true])
    await browser.run(({ session }) => { delete session.user; session.a = 1 })
    t.strictSame(await subject(), ['root', true])
  })

  t.test(`a subject that appears without a new id is told once, as an event each time (${kind})`, async t => {
    const site = await withUser(t, { backend: kind })
    for (let visitor = 0; visitor < 2; visitor++) {
      const browser = site.another()
      await browser.run(({ session }) => { session.a = 1 })
      await browser.run(({ session }) => { session.user = 'ann' })
      await browser.run(({ session }) => { session.a = 2 })
    }
    t.match(site.fixations(), [{ type: 'conflict', subject: 'ann' }, { type: 'conflict', subject: 'ann' }])
    t.equal(site.warnings().filter(text => text.includes('session fixation')).length, 1)
  })

  t.test(`with a new id there is nothing to tell (${kind})`, async t => {
    const { browser, fixations } = await withUser(t, { backend: kind })
    await browser.run(({ session }) => { session.user = 'ann' })
    await browser.run(({ session }) => session.destroy())
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async ({ session }) => { await session.regenerateId(); session.user = 'ann' })
    await browser.run(({ session }) => session.destroy())
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async request => { await request.session.regenerate(['a']); request.session.user = 'ann' })
    t.strictSame(fixations(), [])
  })
}

t.test('sessions are listed, counted and ended by that subject', async t => {
  const { browser, another, app, subject } = await withUser(t)
  await browser.run(({ session }) => { session.user = 'ann' })
  await another().run(({ session }) => { session.user = 'ann' })
  await another().run(({ session }) => { session.user = 'bob' })
  await app.sessions.create({ user: 'ann' } as never)
  t.equal(await app.sessions.count({ subject: 'ann' }), 3)
  t.equal(await app.sessions.revokeSubject('ann'), 3)
  t.strictSame(await subject(), [null, false])
  t.equal(await app.sessions.count(), 1)
})

t.test('a new id keeps the subject of the data, and regenerate() that of the data which it keeps', async t => {
  const { browser, subject } = await withUser(t)
  await browser.run(({ session }) => { session.user = 'ann' })
  await browser.run(({ session }) => session.regenerateId())
  t.strictSame(await subject(), ['ann', true])
  await browser.run(({ session }) => session.regenerate(['user']))
  t.strictSame(await subject(), ['ann', true])
  await browser.run(({ session }) => session.regenerate())
  t.strictSame(await subject(), [null, false])
})

t.test('sessions from before the option are no fixation', async t => {
  let isOn = false
  const { browser, fixations, subject } = await withUser(t, { subject: data => isOn ? data['user'] : null })
  await browser.run(({ session }) => { session.user = 'ann' })
  isOn = true
  await browser.run(({ session }) => { session.a = 1 })
  t.strictSame(await subject(), ['ann', true])
  t.strictSame(fixations(), [])
})

t.test('a revocation between the sign-in and its commit ends the session', async t => {
  const { browser, backend, app, subject } = await withUser(t)
  const { statusCode, headers } = await browser.attempt(({ session }) => {
    session.user = 'ann'
    backend.before('write', async () => {
      backend.heal()
      await app.sessions.revokeSubject('ann')
    })
  })
  t.strictSame([statusCode, headers['set-cookie']], [409, undefined])
  t.strictSame(await subject(), [null, false])
  t.equal(await app.sessions.count(), 0)
  await browser.run(({ session }) => { session.user = 'ann' })
  t.strictSame(await subject(), ['ann', true], 'a later sign-in is new')
})

t.test('a transaction cannot sign in', async t => {
  const { browser, subject } = await withUser(t)
  await browser.run(({ session }) => { session.user = 'ann' })
  await browser.run(({ session }) => session.transaction((data: any) => { data.a = 1 }))
  await browser.run(async ({ session }) => {
    await t.rejects(session.transaction((data: any) => { data.user = 'bob' }), { code: 'SES_NOT_SUPPORTED', message: /signing in/ })
  })
  t.strictSame(await subject(), ['ann', true])
  await browser.run(({ session }) => session.transaction((data: any) => { delete data.user; data.b = 1 }))
  t.strictSame(await subject(), [null, false], 'but sign out')
})

t.test('what parallel requests make of the data decides together', async t => {
  const { browser, subject, fixations } = await withUser(t, { subject: data => data['a'] === 1 && data['b'] === 1 ? 'both' : null })
  await browser.run(({ session }) => { session.c = 1 })
  await browser.run(async ({ session }) => {
    session.a = 1
    await browser.copy().run(other => { other.session.b = 1 })
  })
  t.strictSame(await subject(), ['both', true])
  t.strictSame(fixations(), [])
})

t.test('an answer that is no subject fails the request, and stores nothing', async t => {
  for (const [answer, message] of [['', /got ''/], [true, /got boolean/], [1.5, /got number/], ['x'.repeat(256), /255 bytes/], ['a\0', /NUL/]] as const) {
    const { browser, app, errors } = await withUser(t, { subject: () => answer as never })
    const { statusCode } = await browser.attempt(({ session }) => { session.a = 1 })
    t.equal(statusCode, 500)
    t.match(errors()[0], { code: 'SES_NOT_SERIALIZABLE', message })
    t.equal(await app.sessions.count(), 0)
  }
})

t.test('the function cannot change the session', async t => {
  const { browser } = await withUser(t, { subject: data => { data['evil'] = 1; return 'ann' } })
  await browser.run(({ session }) => { session.a = 1 })
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('what is no function is refused', async t => {
  await t.rejects(createSite(t, { subject: 'user' as never }), { code: 'SES_INVALID_OPTIONS', message: /`subject` to be a function/ })
})

t.test('a commit that fails signs nobody in', async t => {
  const { browser, backend, subject } = await withUser(t)
  backend.fail('write')
  t.equal((await browser.attempt(({ session }) => { session.user = 'ann' })).statusCode, 503)
  backend.heal()
  t.strictSame(await subject(), [null, false])
})
