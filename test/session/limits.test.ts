import t, { type Test } from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { tombstone } from '../../lib/record/record.ts'
import type { Browser } from '../helpers/browser.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { createSite, type SiteOptions } from '../helpers/app.ts'
import { MINUTE_MS } from '../helpers/times.ts'

/** Ends a session of ann, whose browser is given. */
type Ending = (site: { browser: Browser, app: any, clock: { now: number } }) => Promise<unknown>

const ENDINGS: Record<string, Ending> = {
  'signed out': ({ browser }) => browser.run(({ session }) => session.destroy()),
  cleared: ({ browser }) => browser.run(({ session }) => { session.clear() }),
  regenerated: ({ browser }) => browser.run(({ session }) => session.regenerate()),
  'signed in as somebody else': ({ browser }) => browser.run(({ session }) => session.login('bob')),
  revoked: async ({ browser, app }) => app.sessions.revoke((await browser.run(({ session }) => session.id)).body),
  'revoked with all of the subject': ({ app }) => app.sessions.revokeSubject('ann'),
  'revoked with all': ({ app }) => app.sessions.revokeAll(),
  expired: async ({ clock }) => { clock.now += 30 * 24 * 60 * MINUTE_MS }
}

async function limited (t: Test, options: SiteOptions = {}) {
  const site = await createSite(t, { backend: 'memory' as const, maxSessionsPerSubject: 2, ...options } as SiteOptions & { backend: 'memory' })
  const signIn = async (subject = 'ann') => {
    const browser = site.browser()
    site.clock.now += 1
    const response = await browser.attempt(({ session }) => session.login(subject))
    return { browser, status: response.statusCode, body: response.body === '' ? null : response.json() }
  }
  const alive = async (browsers: Array<{ browser: ReturnType<typeof site.browser> }>) => {
    return await Promise.all(browsers.map(async ({ browser }) => (await browser.run(({ session }) => session.subject ?? 'none')).body !== 'none'))
  }
  return { ...site, signIn, alive }
}

t.test('the oldest session makes room', async t => {
  const { signIn, alive, app, events } = await limited(t)
  const all = []
  for (let n = 0; n < 4; n++) all.push(await signIn())
  t.strictSame(all.map(({ status }) => status), [200, 200, 200, 200])
  t.strictSame(await alive(all), [false, false, true, true])
  t.equal(await app.sessions.count({ subject: 'ann' }), 2)
  t.match(events.filter(({ type }) => type === 'evicted'), [{ subject: 'ann', cause: 'evict' }, { subject: 'ann', cause: 'evict' }])
})

t.test('where onLimit is reject, a sign-in too many is refused, and changes nothing', async t => {
  const { signIn, alive, browser: open, events, app } = await limited(t, { onLimit: 'reject' })
  const all = [await signIn(), await signIn()]
  const guest = open()
  await guest.run(({ session }) => { session.basket = 1 })
  const before = guest.header
  const response = await guest.attempt(({ session }) => session.login('ann'))
  t.equal(response.statusCode, 403)
  t.match(response.json(), { code: 'SES_LIMIT', message: /at the same time are 2/ })
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(guest.header, before)
  t.strictSame(await guest.data(), { basket: 1 })
  t.strictSame(await alive(all), [true, true])
  t.match(events.filter(({ cause }) => cause === 'limit'), [{ type: 'rejected', reason: 'limit', subject: 'ann', id: null }])
  await t.rejects(app.sessions.create({} as never, { subject: 'ann' }), { code: 'SES_LIMIT', limit: 2 })
  t.equal((await signIn('bob')).status, 200, 'others have places of their own')
})

t.test('a handler may go on with the guest after a refusal', async t => {
  const { signIn, browser: open } = await limited(t, { onLimit: 'reject' })
  await signIn()
  await signIn()
  const guest = open()
  await guest.run(async ({ session }) => {
    session.a = 1
    await t.rejects(session.login('ann'), { code: 'SES_LIMIT' })
    session.b = 2
  })
  t.strictSame(await guest.data(), { a: 1, b: 2 })
})

for (const [name, end] of Object.entries(ENDINGS)) {
  t.test(`the place of a session that was ${name} is free at once`, async t => {
    const { signIn, app, clock } = await limited(t, { onLimit: 'reject' })
    const [first] = [await signIn(), await signIn()]
    t.equal((await signIn()).status, 403)
    await end({ browser: first!.browser, app, clock })
    t.equal((await signIn()).status, 200)
  })
}

for (const [name, rotate] of Object.entries({
  'a further sign-in of the same subject': (session: any) => session.login('ann'),
  'a new id': (session: any) => session.regenerateId(),
  'a renewed proof': (session: any) => session.reauthenticate()
})) {
  t.test(`${name} keeps its place`, async t => {
    const { signIn, alive } = await limited(t, { onLimit: 'reject' })
    const all = [await signIn(), await signIn()]
    for (let time = 0; time < 3; time++) await all[0]!.browser.run(({ session }) => rotate(session))
    t.strictSame(await alive(all), [true, true])
    t.equal((await signIn()).status, 403)
  })
}

t.test('a sign-in that fails after it got a place gives it back', async t => {
  const { signIn, backend } = await limited(t, { onLimit: 'reject' })
  await signIn()
  let writes = 0
  backend.before('write', ({ id }) => { if (++writes === 2) throw new Error(`${id} is not written`) })
  t.equal((await signIn()).status, 503)
  backend.heal()
  t.equal((await signIn()).status, 200)
  t.equal((await signIn()).status, 403)
})

t.test('the place of a process that died in the middle of a sign-in is free after five minutes', async t => {
  const { signIn, backend, clock } = await limited(t, { onLimit: 'reject', timeout: 0.05 })
  await signIn()
  // Takes a place, and is never heard of again: neither its session nor what would clean up reaches the store.
  let writes = 0
  backend.before('write', () => ++writes < 2 ? undefined : new Promise(() => {}))
  t.equal((await signIn()).status, 503)
  backend.heal()
  t.equal((await signIn()).status, 403)
  clock.now += 5 * MINUTE_MS
  t.equal((await signIn()).status, 200)
})

t.test('the limit may depend on the subject, and be lowered and raised', async t => {
  let limit = 3
  const { signIn, alive } = await limited(t, { maxSessionsPerSubject: async subject => subject === 'root' ? 1 : limit })
  const all = [await signIn(), await signIn(), await signIn()]
  t.strictSame(await alive(all), [true, true, true])
  limit = 1
  all.push(await signIn())
  t.strictSame(await alive(all), [false, false, false, true])
  const roots = [await signIn('root'), await signIn('root')]
  t.strictSame(await alive(roots), [false, true])
})

t.test('where the limit cannot be learnt the sign-in is a 503, and nobody is evicted', async t => {
  for (const fail of [async () => { throw new Error('the directory is down') }, () => { throw new Error('at once') }]) {
    let isDown = false
    const { signIn, alive } = await limited(t, { maxSessionsPerSubject: () => isDown ? fail() as never : 1 })
    const first = await signIn()
    isDown = true
    t.match(await signIn(), { status: 503, body: { code: 'SES_BACKEND_UNAVAILABLE' } })
    t.strictSame(await alive([first]), [true])
  }
})

t.test('a limit that is none is an error', async t => {
  for (const limit of [0, 1_001, 1.5, NaN, 'five', null]) {
    const { signIn, errors } = await limited(t, { maxSessionsPerSubject: () => limit as never })
    t.equal((await signIn()).status, 500)
    t.match(errors()[0], { code: 'SES_INVALID_OPTIONS', message: /`maxSessionsPerSubject\(\)` to be an integer from 1 to 1,000/ })
  }
})

t.test('options that could not be kept are refused', async t => {
  for (const [options, message] of [
    [{ maxSessionsPerSubject: 0 }, /maxSessionsPerSubject/],
    [{ maxSessionsPerSubject: 1_001 }, /maxSessionsPerSubject/],
    [{ maxSessionsPerSubject: '5' }, /maxSessionsPerSubject/],
    [{ maxSessionsPerSubject: 5, onLimit: 'oldest' }, /onLimit/],
    [{ onLimit: 'reject' }, /`onLimit` to be left out without `maxSessionsPerSubject`/],
    [{ maxSessionsPerSubject: 5, backend: new CookieBackend() }, /left out with CookieBackend/],
    [{ maxSessionsPerSubject: 5, backend: new MinimalBackend() }, /left out with MinimalBackend/],
    [{ maxSessionsPerSubject: 5, backend: Object.assign(Object.create(null), { read () {}, write () {}, remove () {} }) }, /left out with this backend/]
  ] as const) {
    await t.rejects(createSite(t, { backend: new MemoryBackend(), ...options } as never), { code: 'SES_INVALID_OPTIONS', message }, JSON.stringify(options))
  }
})

t.test('with the option subject, a commit too many is answered 403', async t => {
  const site = await limited(t, { onLimit: 'reject', subject: data => data['user'] })
  const visit = async () => (await site.browser().attempt(({ session }) => { session.user = 'ann' })).statusCode
  t.strictSame([await visit(), await visit(), await visit()], [200, 200, 403])
  t.equal(await site.app.sessions.count(), 2)
})

t.test('a revocation takes the places of sign-ins under way', async t => {
  const { signIn, backend, app } = await limited(t, { onLimit: 'reject', maxSessionsPerSubject: 1 })
  let writes = 0
  backend.before('write', async () => {
    if (++writes < 2) return
    backend.heal()
    await app.sessions.revokeSubject('ann')
  })
  t.equal((await signIn()).status, 409)
  t.equal((await signIn()).status, 200)
})

for (const onLimit of ['evict-oldest', 'reject'] as const) {
  t.test(`of fifty sign-ins at once exactly as many live as may (${onLimit})`, async t => {
    const { signIn, alive, app } = await limited(t, { maxSessionsPerSubject: 5, onLimit })
    const all = await Promise.all(Array.from({ length: 50 }, () => signIn()))
    t.equal(await app.sessions.count({ subject: 'ann' }), 5)
    t.equal((await alive(all)).filter(Boolean).length, 5)
    t.strictSame(new Set(all.map(({ status }) => status)), new Set(onLimit === 'reject' ? [200, 403] : [200]))
  })
}

t.test('without a limit nothing is asked that was not asked before', async t => {
  const calls = async (options: SiteOptions) => {
    const site = await createSite(t, { backend: 'memory' as const, ...options } as SiteOptions & { backend: 'memory' })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    site.operations()
    await browser.run(({ session }) => session.login('ann'))
    return site.operations()
  }
  t.strictSame(await calls({}), ['read', 'read', 'write', 'read', 'write', 'touch'])
  t.strictSame(await calls({ maxSessionsPerSubject: 5 }), ['read', 'read', 'read', 'list', 'write', 'write', 'read', 'write', 'touch'])
})

t.test('where others change the record of the subject all the time, a sign-in ends in a conflict', async t => {
  const { signIn, backend } = await limited(t)
  await signIn()
  const { random } = Math
  t.teardown(() => { Math.random = random })
  // Pauses between tries take no time.
  Math.random = () => 0
  backend.before('write', async ({ id }) => {
    const record = (await backend.read(id!))!
    const inner = backend as unknown as { write: typeof backend.write }
    if (isOn) return
    isOn = true
    await inner.write(id, { ...record, version: ++version }, undefined, { data: {} })
    isOn = false
  })
  let isOn = false
  let version = 1
  t.match(await signIn(), { status: 409, body: { code: 'SES_CONFLICT' } })
})

t.test('with the option subject, a commit that stores nothing gives its place back', async t => {
  const site = await limited(t, { onLimit: 'reject', maxSessionsPerSubject: 1, subject: data => data['user'] })
  const visit = async () => (await site.browser().attempt(({ session }) => { session.user = 'ann' })).statusCode
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    session.user = 'ann'
    await browser.copy().run(other => other.session.destroy())
  })
  t.equal(await visit(), 200)
  t.equal(await visit(), 403)
})

t.test('with the option subject, a place that a revocation has taken already is not given back', async t => {
  const site = await limited(t, { onLimit: 'reject', maxSessionsPerSubject: 1, subject: data => data['user'] })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.attempt(async ({ session }) => {
    let writes = 0
    site.backend.before('write', async () => {
      if (++writes < 2) return
      site.backend.heal()
      await site.app.sessions.revokeAll()
    })
    session.user = 'ann'
  })
  t.equal((await site.browser().attempt(({ session }) => { session.user = 'ann' })).statusCode, 200)
})

t.test('a sign-in whose id is barred says why', async t => {
  for (const [options, revoked, message] of [
    [{}, true, /were revoked/], [{}, false, /a later sign-in took its place/]
  ] as const) {
    const { signIn, backend, app, clock } = await limited(t, options)
    if (revoked) await app.sessions.revokeSubject('ann')
    let writes = 0
    backend.before('write', async ({ id }) => {
      if (++writes !== 2) return
      await backend.write(id, { ...tombstone(id!, clock.now), version: 1 }, undefined, { data: {} })
    })
    t.match(await signIn(), { status: 409, body: { code: 'SES_DESTROYED', message } })
  }
})
