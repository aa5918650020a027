import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, loose, type LooseSession, signedUp, type Site } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'
import { DAY_MS } from '../helpers/times.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const DROPPED = /^changes of the session are dropped: it ended while the request ran \(GET \/\)$/

/** How a record goes while a request runs. */
const ways: Array<[string, (site: Site, cookie: string, id: string) => unknown]> = [
  ['destroyed', (site, cookie) => site.app.inject({ url: '/destroy', headers: { cookie } })],
  ['emptied', (site, cookie) => site.app.inject({ url: '/clear', headers: { cookie } })],
  ['given a new id', (site, cookie) => site.app.inject({ url: '/regenerateId', headers: { cookie } })],
  ['regenerated', (site, cookie) => site.app.inject({ url: '/regenerate', headers: { cookie } })],
  ['signed in', (site, cookie) => site.app.inject({ url: '/login', headers: { cookie } })],
  ['revoked', (site, _cookie, id) => site.app.sessions.revoke(id)],
  ['revoked with all others', site => site.app.sessions.revokeAll()],
  ['expired', site => { site.clock.now += 15 * DAY_MS }],
  ['evicted', site => signedUp(site, { user: 'bob' })]
]

/** A site whose `GET /` uses its session after the session has gone in some way. */
async function visited (t: Test, go: (typeof ways)[number][1], use: (session: LooseSession) => unknown, inner: MemoryBackend) {
  const site = await createSite(t, { backend: new FaultyBackend(inner) })
  const { app } = site
  app.get('/', async (request, reply) => {
    const session = loose(request)
    await go(site, cookie, session.id)
    site.events.length = 0
    reply.code(201).header('x-handler', 'yes')
    return { result: await use(session) ?? null }
  })
  app.get('/destroy', async request => { await loose(request).destroy() })
  app.get('/clear', async request => { loose(request).clear() })
  app.get('/regenerateId', async request => { await loose(request).regenerateId() })
  app.get('/regenerate', async request => { await loose(request).regenerate(['user']) })
  app.get('/login', async request => { await loose(request).login('ada') })
  app.get('/show', async request => ({ ...loose(request), subject: loose(request).subject }))
  const cookie = await signedUp(site, { user: 'ada' })
  const response = await app.inject({ url: '/', headers: { cookie } })
  return { site, cookie, response }
}

for (const [how, go] of ways) {
  // A session that replaces another session needs room beside the old session.
  const backend = () => new MemoryBackend(/new id|regenerated|signed in/.test(how) ? {} : { maxEntries: 1 })

  t.test(`changes of a session that is ${how} meanwhile are dropped: the answer stands, one event and one warning say so`, async t => {
    const { site, cookie, response } = await visited(t, go, session => { session['late'] = 1; delete session['user'] }, backend())
    t.strictSame([response.statusCode, response.json(), response.headers['x-handler']], [201, { result: null }, 'yes'])
    t.strictSame(cookieLines(response), [], 'no cookie is set or cleared')
    t.match(site.warnings(), [DROPPED])
    t.equal(site.warnings().length, 1)
    t.match(site.events, [{ type: 'conflict', reason: 'gone' }])
    t.equal(site.events.length, 1)
    t.notMatch(JSON.stringify((await site.app.sessions.list()).sessions), /late/, 'nothing came back')
    t.notMatch((await site.app.inject({ url: '/show', headers: { cookie } })).json(), { user: 'ada' })
  })

  t.test(`a session that is ${how} meanwhile and was only read is nothing to warn about`, async t => {
    const { site, response } = await visited(t, go, session => session.get('user'), backend())
    t.equal(response.statusCode, 201)
    t.strictSame(cookieLines(response), [])
    t.strictSame(site.warnings(), [])
  })

  for (const [name, operation] of [
    ['save', session => session.set('late', 1).save()],
    ['transaction', session => session.transaction((data: Record<string, unknown>) => { data['late'] = 1 })],
    ['regenerateId', session => session.regenerateId()]
  ] as Array<[string, (session: LooseSession) => Promise<unknown>]>) {
    t.test(`${name}() of a session that is ${how} meanwhile rejects with SessionDestroyedError, a 409`, async t => {
      const { site, response } = await visited(t, go, operation, backend())
      t.equal(response.statusCode, 409)
      t.match(response.json(), { code: 'SES_DESTROYED' })
      t.strictSame(cookieLines(response), [])
      t.notMatch(JSON.stringify((await site.app.sessions.list()).sessions), /late/)
    })
  }

  for (const [name, operation, expected] of [
    ['login', session => session.login('bob', { fresh: 1 }), { fresh: 1, subject: 'bob' }],
    ['regenerate', session => session.regenerate(['user']), undefined]
  ] as Array<[string, (session: LooseSession) => Promise<unknown>, object?]>) {
    t.test(`${name}() of a session that is ${how} meanwhile starts another one with nothing of it`, async t => {
      const { site, response } = await visited(t, go, operation, backend())
      t.equal(response.statusCode, 201, response.payload)
      if (expected === undefined) {
        t.notMatch(cookieLines(response).join(), /__Host-session=[^;]/, 'it is empty, so it stays nowhere')
        return
      }
      const cookie = cookieOf(response)
      t.strictSame((await site.app.inject({ url: '/show', headers: { cookie } })).json(), expected)
    })
  }
}

t.test('a due renewal of a session that is gone leaves the answer, with an event and without a warning', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const cookie = await signedUp(site)
  site.clock.now += 7 * DAY_MS
  site.app.get('/', async request => {
    await site.app.sessions.revoke(loose(request).id)
    site.events.length = 0
    return 'as it is'
  })
  const response = await site.app.inject({ url: '/', headers: { cookie } })
  t.strictSame([response.statusCode, response.payload], [200, 'as it is'])
  t.strictSame(cookieLines(response), [])
  t.match(site.events, [{ type: 'conflict', reason: 'gone' }])
  t.strictSame(site.warnings(), [])
})

t.test('a backend that does not compare finds out right before it writes', async t => {
  const site = await createSite(t, { backend: new MinimalBackend() })
  const cookie = await signedUp(site)
  site.app.get('/', async request => {
    await site.app.sessions.revoke(loose(request).id)
    loose(request)['late'] = 1
    return 'as it is'
  })
  const response = await site.app.inject({ url: '/', headers: { cookie } })
  t.strictSame([response.statusCode, response.payload, cookieLines(response)], [200, 'as it is', []])
  t.match(site.warnings(), [DROPPED])
})

t.test('a cookie session that expires while its request runs is dropped as well', async t => {
  const site = await createSite(t, { backend: 'cookie' })
  const cookie = await signedUp(site)
  site.app.get('/', async request => {
    const session = loose(request).set('late', 1)
    site.clock.now += 40 * DAY_MS
    return session.get('user')
  })
  site.app.get('/save', async request => {
    const session = loose(request).set('late', 1)
    site.clock.now += 40 * DAY_MS
    await session.save()
  })
  const response = await site.app.inject({ url: '/', headers: { cookie } })
  t.strictSame([response.statusCode, response.payload, cookieLines(response)], [200, 'ada', []])
  t.match(site.warnings(), [DROPPED])
  const saved = await site.app.inject({ url: '/save', headers: { cookie: await signedUp(site) } })
  t.strictSame([saved.statusCode, saved.json().code, cookieLines(saved)], [409, 'SES_DESTROYED', []])
})
