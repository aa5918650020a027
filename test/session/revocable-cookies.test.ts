import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { AnyRequest, Browser } from '../helpers/browser.ts'
import { createSite, type Site, type SiteOptions } from '../helpers/app.ts'
import { Gate, settled } from '../helpers/gate.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'

type Test = Parameters<typeof createSite>[0]

/** Two nodes whose sessions live in cookies, and whose endings lie in one store. */
async function createNodes (t: Test, options: Omit<SiteOptions, 'backend'> = {}, revocation = new FaultyBackend(new MemoryBackend())) {
  const create = async () => await createSite(t, { ...options, backend: new CookieBackend({ revocation, staleness: '5s' }) })
  return { revocation, here: await create(), elsewhere: await create() }
}

async function signedIn (site: Pick<Site, 'browser'>): Promise<Browser> {
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ada', { a: 1 }, { labels: ['tenant'] }))
  return browser
}

/** The operations on the store of endings since the last call. */
function operations (revocation: FaultyBackend): string[] {
  return revocation.calls.splice(0).map(({ operation }) => operation)
}

type End = (request: AnyRequest) => unknown
const app = ({ server }: AnyRequest): Site['app'] => server as never

const ownEndings: Readonly<Record<string, End>> = {
  'destroy()': ({ session }) => session.destroy(),
  'login()': ({ session }) => session.login('ann'),
  'regenerate()': ({ session }) => session.regenerate(),
  'regenerateId()': ({ session }) => session.regenerateId(),
  'reauthenticate()': ({ session }) => session.reauthenticate(),
  'dropping all of its data': ({ session }) => { session.clear() },
  'a lifetime that is over': ({ session }) => { session.setLifetime({ absoluteTimeout: 60 }) }
}

const revocations: Readonly<Record<string, End>> = {
  'revoke()': request => app(request).sessions.revoke(request.session.id),
  'revokeSubject()': request => app(request).sessions.revokeSubject('ada'),
  'revokeLabel()': request => app(request).sessions.revokeLabel('tenant'),
  'revokeAll()': request => app(request).sessions.revokeAll()
}

const endings = { ...ownEndings, ...revocations }

for (const [name, end] of Object.entries(endings)) {
  t.test(`${name} ends every copy of the cookie, on every node that hears of it`, async t => {
    const { here, elsewhere } = await createNodes(t)
    const browser = await signedIn(here)
    const [thief, far] = [browser.copy(), elsewhere.browser().take(browser)]
    t.match(await far.data(), { a: 1 })
    here.clock.now += HOUR_MS
    elsewhere.clock.now += HOUR_MS
    await browser.run(end)
    t.strictSame(await thief.data(), {})
    t.strictSame(await far.data(), {})
  })

  t.test(`${name} is seen after the staleness where nothing is heard, and at once by routes with fresh: true`, async t => {
    const { revocation, here, elsewhere } = await createNodes(t)
    elsewhere.app.get('/fresh', { config: { session: { fresh: true } } }, async request => request.session!.data())
    const browser = await signedIn(here)
    here.clock.now += HOUR_MS
    elsewhere.clock.now += HOUR_MS
    const far = elsewhere.browser().take(browser)
    revocation.mute()
    t.match(await far.data(), { a: 1 })
    await browser.run(end)
    elsewhere.clock.now += 4_999
    t.match(await far.data(), { a: 1 }, 'not yet')
    const fresh = await elsewhere.app.inject({ url: '/fresh', headers: { cookie: far.header } })
    t.strictSame(fresh.json(), {})
    elsewhere.clock.now += 1
    t.strictSame(await far.data(), {})
  })

  t.test(`no request in flight brings a session back after ${name}`, async t => {
    const { here } = await createNodes(t)
    for (const [what, work] of Object.entries<End>({
      'a change': ({ session }) => { session.b = 2 },
      'regenerateId()': ({ session }) => session.regenerateId(),
      'reauthenticate()': ({ session }) => session.reauthenticate(),
      'save()': ({ session }) => session.set('b', 2).save()
    })) {
      const own = await signedIn(here)
      here.clock.now += HOUR_MS
      const gate = new Gate()
      const late = own.copy()
      const answer = late.attempt(async request => {
        request.session.data()
        await gate.pass()
        await work(request)
      })
      await gate.reached
      await own.attempt(end)
      gate.open()
      await answer
      t.strictSame(await late.data(), {}, `${what}, by the cookie that the late request had or got`)
    }
  })
}

t.test('login() in flight of an ended session begins from nothing', async t => {
  const { here } = await createNodes(t)
  const browser = await signedIn(here)
  const gate = new Gate()
  const late = browser.copy()
  const answer = late.run(async ({ session }) => {
    session.data()
    await gate.pass()
    await session.login('ada')
  })
  await gate.reached
  await browser.run(({ session }) => session.destroy())
  gate.open()
  await answer
  t.strictSame(await late.data(), {})
  t.equal((await late.run(({ session }) => session.subject)).body, 'ada')
})

t.test('reload() finds out that the session has ended, and reads one that lives', async t => {
  const { here } = await createNodes(t)
  const browser = await signedIn(here)
  await browser.run(async ({ session }) => {
    await session.reload()
    t.equal(session.a, 1)
    await here.app.sessions.revokeSubject('ada')
    await t.rejects(session.reload(), { code: 'SES_DESTROYED' })
  })
})

t.test('signing out follows a session that got a new id meanwhile', async t => {
  const { here } = await createNodes(t)
  const browser = await signedIn(here)
  const other = browser.copy()
  const gate = new Gate()
  const out = other.run(async ({ session }) => {
    session.data()
    await gate.pass()
    await session.destroy()
  })
  await gate.reached
  await browser.run(({ session }) => session.regenerateId())
  gate.open()
  await out
  t.strictSame(await browser.data(), {})
})

t.test('a sign-in after a revocation of its subject, label or everybody is new', async t => {
  for (const end of Object.values(revocations)) {
    const { here } = await createNodes(t)
    await (await signedIn(here)).run(end)
    const after = await signedIn(here)
    t.match(await after.data(), { a: 1 })
    const guest = here.browser()
    await guest.run(({ session }) => { session.cart = 1 })
    t.strictSame(await guest.data(), { cart: 1 })
    await guest.run(({ session }) => session.regenerateId())
    t.strictSame(await guest.data(), { cart: 1 })
  }
})

t.test('a guest whose first write is a new id comes after all revocations too', async t => {
  const { here } = await createNodes(t)
  await here.app.sessions.revokeAll()
  const guest = here.browser()
  await guest.run(async ({ session }) => {
    session.cart = 1
    await session.regenerateId()
  })
  t.strictSame(await guest.data(), { cart: 1 })
  const { cookie } = await here.app.sessions.create({ cart: 2 })
  t.equal((await here.app.sessions.open(cookie)).get('cart' as never), 2)
})

t.test('revokeSubject() spares the session that `except` names, also under its next id', async t => {
  const { here, elsewhere } = await createNodes(t)
  const [mine, other] = [await signedIn(here), await signedIn(here)]
  await mine.run(({ session }) => here.app.sessions.revokeSubject('ada', { except: session.id }))
  t.strictSame(await other.data(), {})
  t.match(await mine.data(), { a: 1 })
  await mine.run(({ session }) => session.regenerateId())
  t.match(await elsewhere.browser().take(mine).data(), { a: 1 })
})

t.test('the client is told why its session has ended', async t => {
  const { here } = await createNodes(t)
  const reasons: Array<[End, string | null]> = [
    [endings['revoke()']!, 'revoked'], [endings['revokeSubject()']!, 'revoked'], [endings['revokeAll()']!, 'revoked'],
    [endings['regenerateId()']!, 'replaced'], [endings['destroy()']!, null]
  ]
  for (const [end, reason] of reasons) {
    const browser = await signedIn(here)
    const copy = browser.copy()
    await browser.run(end)
    t.equal((await copy.run(({ session }) => session.endedBecause ?? '')).body || null, reason)
  }
  t.match(here.events.filter(({ type }) => type === 'rejected'), [{ reason: 'regenerated' }])
})

// ---------------------------------------------------------------------------------------------- what it costs

t.test('a load asks the store of endings once at most, and not at all while the answer is known', async t => {
  const { revocation, here, elsewhere } = await createNodes(t)
  const browser = await signedIn(here)
  const far = elsewhere.browser().take(browser)
  operations(revocation)
  await far.data()
  t.strictSame(operations(revocation), ['read'])
  await far.data()
  t.strictSame(operations(revocation), [])
})

t.test('a request that does not touch the session asks nothing', async t => {
  const { here, elsewhere } = await createNodes(t, {}, new MemoryBackend() as never)
  let reads = 0
  const { readMany } = MemoryBackend.prototype
  t.teardown(() => { MemoryBackend.prototype.readMany = readMany })
  MemoryBackend.prototype.readMany = function (ids) { reads++; return readMany.call(this, ids) }
  const browser = elsewhere.browser().take(await signedIn(here))
  reads = 0
  await browser.run(() => {})
  t.equal(reads, 0)
  await browser.data()
  t.equal(reads, 1)
})

t.test('a request without a cookie asks nothing', async t => {
  const { revocation, here } = await createNodes(t)
  await here.browser().run(({ session }) => session.data())
  t.strictSame(operations(revocation), [])
})

t.test('a write of a session that was just loaded asks nothing', async t => {
  const { revocation, here } = await createNodes(t)
  const browser = await signedIn(here)
  await browser.data()
  operations(revocation)
  await browser.run(({ session }) => { session.b = 2 })
  t.strictSame(operations(revocation), [])
})

// ---------------------------------------------------------------------------------------------- faults

t.test('while the store of endings is down, a load is a 503, an empty session where the route says so, and no cookie is touched', async t => {
  const { revocation, here } = await createNodes(t)
  const browser = await signedIn(here)
  here.clock.now += HOUR_MS
  revocation.mute().fail('read')
  const answer = await browser.copy().attempt(({ session }) => session.data())
  t.match(answer, { statusCode: 503, headers: { 'retry-after': /\d/, 'set-cookie': undefined } })
  const anonymous = await browser.attempt(({ session }) => session.data(), '/anonymous')
  t.match(anonymous, { statusCode: 200, headers: { 'set-cookie': undefined } })
  t.strictSame(anonymous.json(), {})
  revocation.heal()
  here.clock.now += HOUR_MS
  t.match(await browser.data(), { a: 1 })
})

for (const [name, end] of Object.entries(endings)) {
  t.test(`${name} is a 503 where the store of endings takes nothing, and the session goes on`, async t => {
    const { revocation, here } = await createNodes(t)
    const browser = await signedIn(here)
    const copy = browser.copy()
    here.clock.now += HOUR_MS
    await browser.data()
    revocation.fail('write')
    t.equal((await browser.attempt(end)).statusCode, 503)
    revocation.heal()
    t.match(await copy.data(), { a: 1 })
  })
}

t.test('an ending whose answer is lost has taken place', async t => {
  const { revocation, here } = await createNodes(t)
  const browser = await signedIn(here)
  const copy = browser.copy()
  revocation.loseAnswer('write')
  await browser.attempt(({ session }) => session.destroy())
  revocation.heal()
  t.strictSame(await copy.data(), {})
})

t.test('a store of endings that forgets everything ends nothing, and what ends later ends', async t => {
  const inner = new MemoryBackend()
  const { here } = await createNodes(t, {}, new FaultyBackend(inner))
  const browser = await signedIn(here)
  const bound = inner.bind({ property: 'session-revoked', now: () => here.clock.now } as never)
  bound.removeAll()
  t.match(await browser.data(), { a: 1 })
  const copy = browser.copy()
  await browser.run(({ session }) => session.destroy())
  t.strictSame(await copy.data(), {})
})

// ---------------------------------------------------------------------------------------------- for how long

for (const [name, end] of Object.entries(endings)) {
  if (name === 'a lifetime that is over') continue
  t.test(`an entry stays for as long as the last copy could be valid: ${name}`, async t => {
    for (const [policy, life] of [[null, 14 * DAY_MS], [{ idleTimeout: '60d', absoluteTimeout: '90d' }, 60 * DAY_MS]] as const) {
      const { here, elsewhere } = await createNodes(t)
      const browser = await signedIn(here)
      if (policy !== null) await browser.run(({ session }) => { session.setLifetime(policy) })
      const copy = elsewhere.browser().take(browser)
      await browser.run(end)
      const bound = here.clock.now + life
      for (const now of [bound - 2, bound - 1, bound, bound + 1]) {
        here.clock.now = elsewhere.clock.now = now
        t.strictSame(await copy.copy().data(), {})
      }
    }
  })
}

t.test('a life that another node is just making longer is known to an ending at the same time', async t => {
  const { revocation, here, elsewhere } = await createNodes(t)
  const browser = await signedIn(here)
  const longer = elsewhere.browser().take(browser)
  // The ending is stored after the copy has looked for endings, and asks for the longest life after that.
  const gate = new Gate()
  let nth = 0
  revocation.before('write', async () => { if (++nth === 1) await gate.pass() })
  const ending = browser.run(({ session }) => session.destroy())
  await gate.reached
  const writing = longer.attempt(({ session }) => { session.setLifetime({ idleTimeout: '60d', absoluteTimeout: '90d' }) })
  await settled()
  gate.open()
  await Promise.all([ending, writing])
  here.clock.now = elsewhere.clock.now = here.clock.now + 60 * DAY_MS - 1
  t.strictSame(await longer.data(), {})
})

t.test('a session on the same store with the same property ends nothing, and its revokeAll() forgets no ending', async t => {
  const store = new MemoryBackend()
  const { here } = await createNodes(t, {}, new FaultyBackend(store))
  const server = await createSite(t, { backend: store })
  const browser = await signedIn(here)
  const copy = browser.copy()
  await browser.run(({ session }) => session.destroy())
  await signedIn(server)
  await server.app.sessions.revokeAll()
  t.strictSame(await copy.data(), {})
})

t.test('signals of a cookie session abort on other nodes too', async t => {
  for (const end of Object.values(endings)) {
    const { here, elsewhere } = await createNodes(t)
    const browser = await signedIn(here)
    here.clock.now += HOUR_MS
    elsewhere.clock.now += HOUR_MS
    const gate = new Gate()
    let signal: AbortSignal | undefined
    const held = elsewhere.browser().take(browser).run(async ({ session }) => {
      signal = session.signal
      await gate.pass()
    })
    await gate.reached
    await browser.run(end)
    await settled()
    t.equal(signal!.aborted, true)
    gate.open()
    await held
  }
})
