import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import type { SessionReader } from '../../types/index.d.ts'
import { createApp, createSite, kinds, loose, SECRET } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { OldLibrary } from '../helpers/old-library.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, START } from '../helpers/times.ts'

for (const backend of kinds) {
  t.test(`${backend}: the session of a different library becomes one of ours, whose cookie stays the only one that is looked at`, async t => {
    const old = new OldLibrary()
    const { events, browser: newBrowser } = await createSite(t, { backend, migrateFrom: [old] })
    const browser = newBrowser()
    const [name, value] = old.begin({ user: 'ada', cart: [1] }).split('=') as [string, string]
    browser.cookies.set(name, value)
    const first = await browser.run(({ session }) => [session.data(), session.isNew, session.subject])
    t.strictSame(first.json(), [{ user: 'ada', cart: [1] }, false, null])
    t.match(events.at(-1), { type: 'created', reason: 'migrated' })
    t.ok(browser.cookies.has('__Host-session'))
    t.equal(browser.cookies.get('old'), value, 'old nodes still need it')
    await browser.run(({ session }) => { session.cart.push(2) })
    t.strictSame(await browser.data(), { user: 'ada', cart: [1, 2] })
    t.equal(old.reads, 1)
    t.strictSame([...old.sessions.values()], [{ user: 'ada', cart: [1] }], 'nothing is written there')
  })

  t.test(`${backend}: a request that does not look at its session leaves everything as it is`, async t => {
    const old = new OldLibrary()
    const { backend: store, browser, call, events, operations } = await createSite(t, { backend, migrateFrom: [old] })
    browser()
    const cookie = old.begin({ user: 'ada' })
    const response = await call('/', cookie, () => 'ok')
    t.equal(response.headers['set-cookie'], undefined)
    t.equal(response.headers.vary, undefined)
    t.notOk(operations().includes('write'))
    t.strictSame(events, [])
    t.ok(store)
  })

  t.test(`${backend}: changes of the first request are stored with what came in`, async t => {
    const old = new OldLibrary()
    const { browser: newBrowser } = await createSite(t, { backend, migrateFrom: [old] })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    await browser.run(({ session }) => { session.seen = true })
    t.strictSame(await browser.data(), { user: 'ada', seen: true })
  })

  t.test(`${backend}: each operation works on a session that comes in with the request`, async t => {
    const old = new OldLibrary()
    const { browser: newBrowser } = await createSite(t, { backend, migrateFrom: [old] })
    const arriving = () => {
      const browser = newBrowser()
      browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
      return browser
    }
    for (const operation of ['save', 'regenerateId', 'reload', 'touch'] as const) {
      const browser = arriving()
      await browser.run(async ({ session }) => { await session[operation]() })
      t.strictSame(await browser.data(), { user: 'ada' }, operation)
    }
    const guest = arriving()
    await guest.run(async ({ session }) => { await session.regenerate(['user']) })
    t.strictSame(await guest.data(), { user: 'ada' })
    const member = arriving()
    await member.run(async ({ session }) => { await session.login('7') })
    t.strictSame((await member.run(({ session }) => [session.subject, session.data()])).json(), ['7', { user: 'ada' }])
    const gone = arriving()
    const { statusCode } = await gone.attempt(async ({ session }) => { await session.destroy() })
    t.equal(statusCode, 200)
  })

  t.test(`${backend}: it ends no later than it would have there, whatever its use, until a sign-in starts the timeouts anew`, async t => {
    const old = new OldLibrary()
    old.expiresAt = START + HOUR_MS
    const { browser: newBrowser, clock } = await createSite(t, { backend, migrateFrom: [old], renewAfter: 0 })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    const ends = await browser.run(({ session }) => {
      session.setLifetime({ idleTimeout: '7d' })
      return session.expiresAt
    })
    t.equal(ends.json(), new Date(START + HOUR_MS).toISOString())
    const member = browser.copy()
    await member.run(async ({ session }) => { await session.login('7') })
    if (backend === 'memory') t.strictSame(await browser.data(), {})
    clock.now = START + HOUR_MS - 1
    t.strictSame(await member.data(), { user: 'ada' })
    clock.now = START + 3 * DAY_MS
    t.strictSame(await member.data(), { user: 'ada' })
    t.strictSame(await browser.data(), {})
  })

  t.test(`${backend}: what a reader refuses is no session, and an event says why`, async t => {
    const old = new OldLibrary()
    const { browser, call, events, clock } = await createSite(t, { backend, migrateFrom: [old] })
    browser()
    const cookie = old.begin({ user: 'ada' })
    const dataFor = async (header: string) => (await call('/', header, ({ session }) => session.data())).json() as unknown
    t.strictSame(await dataFor('old=nobody'), {})
    t.match(events.at(-1), { type: 'rejected', reason: 'unknown', id: null })
    clock.now = START + DAY_MS
    t.strictSame(await dataFor(cookie), {}, 'the reader may have overlooked the deadline')
    t.match(events.at(-1), { type: 'rejected', reason: 'expired' })
  })

  t.test(`${backend}: data go through migrate and schema, and what does not fit is no session`, async t => {
    const old = new OldLibrary()
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
    const versions: number[] = []
    const migrate = (data: Record<string, unknown>, fromVersion: number) => {
      versions.push(fromVersion)
      if (data['fail']) throw new Error('no')
      return { name: data['user'] }
    }
    const { browser, call, events } = await createSite(t, { backend, migrateFrom: [old], schema, migrate })
    browser()
    const dataFor = async (header: string) => (await call('/', header, ({ session }) => session.data())).json() as unknown
    t.strictSame(await dataFor(old.begin({ user: 'ada' })), { name: 'ada' })
    t.strictSame(versions, [0])
    for (const [data, reason] of [[{ user: 1 }, 'schema'], [{ fail: true }, 'migration'], [{ size: 1n }, 'corrupt'], [[], 'corrupt']] as const) {
      t.strictSame(await dataFor(old.begin(data as never)), {})
      t.match(events.at(-1), { type: 'rejected', reason })
    }
  })

  t.test(`${backend}: a library's store that is down is a 503, and anonymous where the route says so`, async t => {
    const old = new OldLibrary()
    const { browser, call } = await createSite(t, { backend, migrateFrom: [old] })
    browser()
    const cookie = old.begin({ user: 'ada' })
    old.before = () => { throw new Error('connection refused') }
    const answer = await call('/', cookie, ({ session }) => session.data())
    t.match([answer.statusCode, answer.json()], [503, { code: 'SES_BACKEND_UNAVAILABLE' }])
    t.notMatch(answer.body, /old library|refused/)
    t.strictSame((await call('/anonymous', cookie, ({ session }) => session.data())).json(), {})
  })

  t.test(`${backend}: routes that require a session take one that comes in`, async t => {
    const old = new OldLibrary()
    const site = await createSite(t, { backend, migrateFrom: [old], subject: (data: any) => data.user })
    site.browser()
    t.equal((await site.call('/required', old.begin({ user: 'ada' }), () => 'ok')).statusCode, 200)
    const signedIn = await site.call('/signed-in', old.begin({ user: 'ada' }), ({ session }) => [session.subject, session.signedInAt])
    t.strictSame(signedIn.json(), ['ada', null], 'nobody knows when the sign-in was')
    t.equal((await site.call('/signed-in', old.begin({}), () => 'ok')).statusCode, 401)
  })

  t.test(`${backend}: with clear the cookie and the record of the library go once the session is ours`, async t => {
    const old = new OldLibrary({ clear: true })
    const { browser: newBrowser } = await createSite(t, { backend, migrateFrom: [old] })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    const response = await browser.run(async ({ session }, reply) => {
      reply.header('set-cookie', 'theme=dark')
      session.seen = 1
      await session.save()
      session.seen = 2
    })
    t.strictSame(cookieLines(response).map(line => line.split('=', 1)[0]).sort(), ['__Host-session', 'old', 'theme'])
    t.match(cookieLines(response).find(line => line.startsWith('old')), /^old=; Max-Age=0; Expires=[^;]+; Path=\/$/)
    t.equal(old.sessions.size, 0)
    t.notOk(browser.cookies.has('old'))
    t.strictSame(await browser.data(), { user: 'ada', seen: 2 })
  })

  t.test(`${backend}: with clear a logout in the first request clears both cookies`, async t => {
    const old = new OldLibrary({ clear: true })
    const { browser: newBrowser } = await createSite(t, { backend, migrateFrom: [old] })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    await browser.run(async ({ session }) => { await session.destroy() })
    t.strictSame([...browser.cookies.keys()], [])
  })

  t.test(`${backend}: a session from outside a request may come in too`, async t => {
    const old = new OldLibrary()
    const { app } = await createSite(t, { backend, migrateFrom: [old] })
    const session = await app.sessions.open(old.begin({ user: 'ada' }))
    t.strictSame(session.data(), { user: 'ada' })
  })
}

t.test('parallel first requests with one foreign cookie meet in one session, and lose nothing', async t => {
  const old = new OldLibrary()
  const { app, browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  const gate = new Gate()
  const pages = Array.from({ length: 8 }, (_, page) => browser.copy().run(async ({ session }) => {
    await gate.opened
    session[`page${page}`] = true
    return session.id
  }))
  await settled()
  gate.open()
  const ids = (await Promise.all(pages)).map(response => response.body)
  t.equal(new Set(ids).size, 1)
  t.equal(await app.sessions.count(), 1)
  t.equal(Object.keys(await browser.data()).length, 9)
})

t.test('a first request that finds the session stored may renew it', async t => {
  const old = new OldLibrary()
  const { app, browser: newBrowser, clock } = await createSite(t, { backend: 'memory', migrateFrom: [old], idleTimeout: '1h' })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  const copy = browser.copy()
  const { id } = (await browser.run(({ session }) => ({ id: session.id }))).json()
  clock.now = START + 20 * MINUTE_MS
  await copy.run(({ session }) => { session.touch() })
  t.equal((await app.sessions.get(id))!.lastAccessedAt.getTime(), clock.now)
})

t.test('of two first requests the second goes on with what the first has stored', async t => {
  const old = new OldLibrary()
  const { browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  const gate = new Gate()
  const late = browser.copy().run(async ({ session }) => {
    await gate.pass()
    await session.save()
    return session.data()
  })
  await gate.reached
  await browser.copy().run(({ session }) => { session.first = true })
  gate.open()
  t.strictSame((await late).json(), { user: 'ada', first: true })
})

/** The ways in which a session that came in can end. */
const ENDINGS: Record<string, (app: any, id: string) => Promise<unknown>> = {
  revoke: (app, id) => app.sessions.revoke(id),
  revokeSubject: app => app.sessions.revokeSubject('ada'),
  revokeAll: app => app.sessions.revokeAll()
}
for (const [ending, end] of Object.entries(ENDINGS)) {
  t.test(`a session that was taken over and ended by ${ending} is not taken over again`, async t => {
    const old = new OldLibrary()
    old.expiresAt = START + 30 * DAY_MS
    const { app, browser: newBrowser, clock, events } = await createSite(t, {
      backend: 'memory', migrateFrom: [old], subject: (data: any) => data.user
    })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    const thief = browser.copy()
    const { id } = (await browser.run(({ session }) => ({ id: session.id }))).json()
    await end(app, id)
    for (const later of [0, MINUTE_MS, 2 * HOUR_MS, 29 * DAY_MS]) {
      clock.now = START + later
      t.strictSame((await thief.attempt(({ session }) => session.data())).json(), {}, `${later} ms later`)
      t.match(events.at(-1), { type: 'rejected' })
    }
    t.strictSame([...thief.cookies.keys()], ['old'], 'the cookie is left alone')
  })
}

for (const job of ['destroy', 'clear', 'login', 'regenerateId'] as const) {
  t.test(`a session that was taken over and left by ${job} is not taken over again`, async t => {
    const old = new OldLibrary()
    old.expiresAt = null
    const { browser: newBrowser, clock } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    const thief = browser.copy()
    await browser.run(async ({ session }) => { await session[job](...job === 'login' ? ['7'] : []) })
    for (const later of [0, 2 * MINUTE_MS, 2 * HOUR_MS, 300 * DAY_MS]) {
      clock.now = START + later
      t.strictSame(await thief.copy().data(), {}, `${later} ms later`)
    }
  })
}

t.test('a session that ends by itself is not taken over again', async t => {
  const old = new OldLibrary()
  const { browser: newBrowser, clock } = await createSite(t, { backend: 'memory', migrateFrom: [old], idleTimeout: '10m' })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  const copy = browser.copy()
  await browser.run(({ session }) => session.user)
  clock.now = START + 11 * MINUTE_MS
  t.strictSame(await copy.data(), {})
})

t.test('a first request that is overtaken by a first request and a logout brings nothing back', async t => {
  const old = new OldLibrary()
  const { app, browser: newBrowser, warnings } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  const gate = new Gate()
  const late = browser.copy()
  const answer = late.run(async ({ session }) => {
    await gate.pass()
    session.late = true
  })
  const saving = browser.copy().attempt(async ({ session }) => {
    await gate.opened
    await session.save()
  })
  const reading = browser.copy()
  const read = reading.run(async ({ session }) => {
    await gate.opened
    return session.user
  })
  await gate.reached
  await browser.run(({ session }) => session.user)
  await browser.run(async ({ session }) => { await session.destroy() })
  gate.open()
  t.equal(cookieOf(await answer), '')
  t.match((await saving).json(), { code: 'SES_DESTROYED' })
  t.equal((await read).body, 'ada', 'the answer of a page that only reads stands')
  t.equal(await app.sessions.count(), 0)
  t.equal(warnings().length, 1)
  t.match(warnings()[0], /dropped: it ended while the request ran/)
  t.strictSame([...late.cookies.keys()], ['old'])
})

t.test('a sign-out by the old node before the first request counts', async t => {
  const old = new OldLibrary()
  const { browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  old.sessions.clear()
  t.strictSame(await browser.data(), {})
})

t.test('with clear a client whose first answer was lost finds its session by the foreign cookie', async t => {
  const old = new OldLibrary({ clear: true })
  const { browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  await browser.copy().run(({ session }) => { session.seen = true })
  t.equal(old.sessions.size, 0)
  t.strictSame(await browser.data(), { user: 'ada', seen: true })
})

t.test('where the commit fails, the library keeps its session', async t => {
  const old = new OldLibrary({ clear: true })
  const { backend, browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  backend.fail('write')
  const answer = await browser.attempt(({ session }) => session.user)
  t.equal(answer.statusCode, 503)
  t.strictSame([...browser.cookies.keys()], ['old'])
  t.equal(old.sessions.size, 1)
  backend.heal()
  t.strictSame(await browser.data(), { user: 'ada' })
})

t.test('the subject of a session that comes in can be listed and revoked, and takes a place', async t => {
  const old = new OldLibrary()
  const { app, browser: newBrowser } = await createSite(t, {
    backend: 'memory', migrateFrom: [old], subject: (data: any) => data.user, maxSessionsPerSubject: 1, onLimit: 'reject'
  })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  await browser.run(({ session }) => session.user)
  t.equal(await app.sessions.count({ subject: 'ada' }), 1)
  const second = newBrowser()
  second.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  t.match((await second.attempt(({ session }) => session.user)).json(), { code: 'SES_LIMIT' })
  await app.sessions.revokeSubject('ada')
  t.strictSame(await browser.data(), {})
  await second.run(({ session }) => session.user)
  t.equal(await app.sessions.count({ subject: 'ada' }), 1)
})

for (const onLimit of ['reject', 'evict-oldest'] as const) {
  t.test(`parallel first requests of one session take one place (${onLimit})`, async t => {
    const old = new OldLibrary()
    const { app, browser: newBrowser } = await createSite(t, {
      backend: 'memory', migrateFrom: [old], subject: (data: any) => data.user, maxSessionsPerSubject: 1, onLimit
    })
    const browser = newBrowser()
    browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
    const gate = new Gate()
    const pages = Array.from({ length: 6 }, (_, page) => browser.copy().run(async ({ session }) => {
      await gate.opened
      session[`page${page}`] = true
    }))
    await settled()
    gate.open()
    await Promise.all(pages)
    t.equal(await app.sessions.count({ subject: 'ada' }), 1)
    t.equal(Object.keys(await browser.data()).length, 7)
  })
}

t.test('a revocation that is under way ends a session of its subject that comes in meanwhile', async t => {
  const old = new OldLibrary()
  const { app, backend, browser: newBrowser } = await createSite(t, {
    backend: 'memory', migrateFrom: [old], subject: (data: any) => data.user
  })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  const gate = new Gate()
  let writes = 0
  backend.before('write', async () => { if (++writes === 2) await gate.pass() })
  const answer = browser.attempt(({ session }) => session.user)
  await gate.reached
  await app.sessions.revokeSubject('ada')
  gate.open()
  t.match((await answer).json(), { code: 'SES_DESTROYED' })
  t.equal(await app.sessions.count({ subject: 'ada' }), 0)
})

t.test('what about says of the first request is kept', async t => {
  const old = new OldLibrary()
  const { app, browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old], about: () => ({ agent: 'Lynx' }) })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  await browser.run(({ session }) => session.user)
  t.strictSame((await app.sessions.list()).sessions[0]!.about, { agent: 'Lynx' })
})

t.test('a transaction runs on a session that comes in', async t => {
  const old = new OldLibrary()
  const { browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ count: 1 }).slice(4))
  await browser.run(async ({ session }) => await session.transaction((data: any) => { data.count++ }))
  t.strictSame(await browser.data(), { count: 2 })
})

t.test('a session may come in on a backend without compare-and-set', async t => {
  const old = new OldLibrary()
  const { browser: newBrowser } = await createSite(t, { backend: new MinimalBackend(), migrateFrom: [old] })
  const browser = newBrowser()
  browser.cookies.set('old', old.begin({ user: 'ada' }).slice(4))
  await browser.run(({ session }) => { session.seen = true })
  t.strictSame(await browser.data(), { user: 'ada', seen: true })
})

t.test('readers are asked in their order, and the first session counts', async t => {
  const [first, second] = [new OldLibrary(), new OldLibrary()]
  first.begin({ user: 'nobody' })
  second.begin({ user: 'ada' })
  first.sessions.clear()
  const { browser: newBrowser, events } = await createSite(t, { backend: 'memory', migrateFrom: [first, second] })
  const browser = newBrowser()
  browser.cookies.set('old', 'key-0')
  t.strictSame(await browser.data(), { user: 'ada' })
  t.match(events[0], { type: 'rejected', reason: 'unknown' })
})

t.test('a reader may know the subject, and is bound to the registration', async t => {
  const contexts: unknown[] = []
  const reader: SessionReader = {
    name: 'mine',
    cookieName: 'mine',
    bind (context) {
      contexts.push(context.property)
      return { ...reader, read: () => ({ data: {}, expiresAt: null, secret: 'a secret', subject: '7' }) }
    },
    read: () => null
  }
  const { browser: newBrowser } = await createSite(t, { backend: 'memory', migrateFrom: [reader] })
  const browser = newBrowser()
  browser.cookies.set('mine', 'x')
  t.equal((await browser.run(({ session }) => session.subject)).body, '7')
  t.strictSame(contexts, ['session'])
})

t.test('a reader that answers with something else is a fault of the reader', async t => {
  for (const answer of [undefined, 'data', {}]) {
    const reader = { name: 'mine', cookieName: 'mine', read: () => answer } as unknown as SessionReader
    const { browser: newBrowser, errors } = await createSite(t, { backend: 'memory', migrateFrom: [reader] })
    const browser = newBrowser()
    browser.cookies.set('mine', 'x')
    t.equal((await browser.attempt(({ session }) => session.data())).statusCode, 500)
    t.match(errors()[0], { code: 'SES_BACKEND_CONTRACT' })
  }
})

t.test('cookies of a library that names several are cleared where they were set, Secure where their names ask for it', async t => {
  const reader: SessionReader = {
    name: 'mine',
    cookieName: '__Secure-old',
    clear: true,
    cookie: { path: '/app', domain: 'example.com' },
    ownNames: names => names.filter(name => name.startsWith('__Secure-old')),
    read: cookies => cookies.names.includes('__Secure-old-0') ? { data: { user: 'ada' }, expiresAt: null, secret: 'a secret' } : null
  }
  const app = await createApp(t, { secret: SECRET, backend: new MemoryBackend(), migrateFrom: [reader] })
  app.get('/', async request => loose(request)['user'])
  const cookie = '__Secure-old-0="a"; flag; __Secure-old-1=b; other=c'
  const response = await app.inject({ url: '/', headers: { cookie } })
  t.equal(response.body, 'ada')
  const lines = cookieLines(response).filter(line => line.startsWith('__Secure-old'))
  t.strictSame(lines.map(line => line.replace(/Expires=[^;]+/, 'Expires')), [0, 1].map(index =>
    `__Secure-old-${index}=; Max-Age=0; Expires; Path=/app; Domain=example.com; Secure`))
})

t.test('an application without migrateFrom asks no reader, and closes no door at revokeAll', async t => {
  const { app, operations } = await createSite(t, { backend: 'memory' })
  await app.sessions.revokeAll()
  t.strictSame(operations(), ['removeAll', 'removeAll'])
})
