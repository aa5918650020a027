import t from 'tap'
import { type ListFilter, MemoryBackend } from '../../lib/index.ts'
import { createSite, kinds } from '../helpers/app.ts'
import { START } from '../helpers/times.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    t.test('create() stores a session whose cookie a request can use', async t => {
      const site = await createSite(t, { backend: kind })
      const { id, cookie } = await site.app.sessions.create({ a: 1 } as never, { subject: 'ann' })
      const response = await site.call('/', cookie, ({ session }) => [session.id, session.subject, session.data()])
      t.strictSame(response.json(), [id, 'ann', { a: 1 }])
    })

    t.test('open() gives a loaded session from a Cookie header', async t => {
      const site = await createSite(t, { backend: kind })
      const { cookie } = await site.app.sessions.create({ a: 1 } as never, { subject: 'ann' })
      const session: any = await site.app.sessions.open(`other=1; ${cookie}`)
      t.strictSame([session.isLoaded, session.subject, session.a], [true, 'ann', 1])
    })

    t.test('open() gives an empty session where there is none', async t => {
      const site = await createSite(t, { backend: kind })
      for (const header of [undefined, '', '__Host-session=forged', `__Host-session=${'A'.repeat(43)}`]) {
        const session: any = await site.app.sessions.open(header)
        t.strictSame([session.isNew, session.isEmpty], [true, true])
      }
    })

    t.test('an opened session that needs a new cookie is refused, before anything is stored', async t => {
      const site = await createSite(t, { backend: kind })
      const session: any = await site.app.sessions.open(undefined)
      session.a = 1
      for (const operation of ['save', 'regenerateId', 'regenerate', 'login']) {
        await t.rejects(session[operation](...operation === 'login' ? ['ann'] : []), { code: 'SES_NOT_SUPPORTED', message: /no response/ }, operation)
      }
      if (kind === 'memory') t.equal(await site.app.sessions.count(), 0)
    })

    t.test('create() refuses what cannot be stored', async t => {
      const site = await createSite(t, { backend: kind })
      for (const data of [null, [], 'text', { n: 1n }]) await t.rejects(site.app.sessions.create(data as never), { code: 'SES_NOT_SERIALIZABLE' })
      await t.rejects(site.app.sessions.create({}, { subject: '' }), { code: 'SES_NOT_SERIALIZABLE' })
      await t.rejects(site.app.sessions.create(JSON.parse('{"__proto__":1}')), { code: 'SES_RESERVED_KEY' })
    })
  })
}

t.test('a session too large for one cookie is created as several', async t => {
  const site = await createSite(t)
  const data = { text: 'x'.repeat(5_000) }
  const { cookie } = await site.app.sessions.create(data as never)
  t.match(cookie, /^__Host-session=[^;]+; __Host-session\.1=[^;]+$/)
  t.strictSame((await site.call('/', cookie, ({ session }) => session.data())).json(), data)
  t.strictSame((await site.app.sessions.open(cookie)).data(), data)
  await t.rejects(site.app.sessions.create({ text: 'x'.repeat(9_000) } as never), { code: 'SES_TOO_LARGE' })
})

t.test('an opened session of a server-side backend can be changed, saved, touched, reloaded and destroyed', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 100, cookie: { persistent: true } })
  const { id, cookie } = await site.app.sessions.create({ a: 1 } as never)
  const session: any = await site.app.sessions.open(cookie)
  session.a = 2
  await session.save()
  site.clock.now += 10_000
  session.touch()
  await session.save()
  const info = await site.app.sessions.get(id)
  t.strictSame([info?.data, info?.expiresAt.getTime()], [{ a: 2 }, site.clock.now + 100_000])
  // Untyped, as the data of all tests are.
  await (await site.app.sessions.open(cookie) as any).set('b', 1).save()
  await session.reload()
  t.strictSame(session.data(), { a: 2, b: 1 })
  t.equal(await session.transaction((data: any) => ++data.a), 3)
  await session.destroy()
  t.equal(await site.app.sessions.exists(id), false)
})

t.test('an opened session cannot do what needs a new cookie, and the message says where it can', async t => {
  for (const backend of kinds) {
    const { app, warnings } = await createSite(t, { backend, cookie: { path: '/app' } })
    const { cookie } = await app.sessions.create({ a: 1 } as never)
    const needs: Record<string, (session: any) => Promise<unknown>> = {
      'a first save': async () => await (await app.sessions.open(undefined) as any).set('a', 1).save(),
      login: async session => await session.login('7'),
      regenerateId: async session => await session.regenerateId()
    }
    for (const [what, need] of Object.entries(needs)) {
      const message = /^A session opened outside a request does not support setting a cookie: there is no response to put it on; do this in a request/
      await t.rejects(need(await app.sessions.open(cookie)), { code: 'SES_NOT_SUPPORTED', message }, `${backend}: ${what}`)
    }
    t.strictSame(warnings(), [])
  }
})

t.test('get() shows a stored session, without making use of it', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const { id } = await site.app.sessions.create({ a: 1 } as never, { subject: 'ann' })
  site.clock.now += 5_000
  t.strictSame(await site.app.sessions.get(id), {
    id,
    data: { a: 1 },
    subject: 'ann',
    createdAt: new Date(START),
    lastAccessedAt: new Date(START),
    expiresAt: new Date(START + 14 * 86_400_000),
    signedInAt: new Date(START),
    level: null,
    labels: [],
    about: null
  })
  t.equal(await site.app.sessions.exists(id), true)
})

t.test('get() and exists() know no session that is unknown or expired', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 10 })
  const { id } = await site.app.sessions.create({ a: 1 } as never)
  site.clock.now += 10_000
  for (const unknown of [id, 'f'.repeat(64), '', '__proto__']) {
    t.equal(await site.app.sessions.get(unknown), null)
    t.equal(await site.app.sessions.exists(unknown), false)
  }
})

t.test('list() pages through live sessions and filters by subject', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 10 })
  const { sessions } = site.app
  await sessions.create({ old: true } as never, { subject: 'ann' })
  site.clock.now += 10_000
  const ids = new Set<string>()
  for (const subject of ['ann', 'ann', 'bob', 'ann', undefined]) ids.add((await sessions.create({}, subject === undefined ? {} : { subject })).id)
  t.strictSame(new Set((await sessions.list()).sessions.map(({ id }) => id)), ids)
  const seen: string[] = []
  let cursor: string | null | undefined
  do {
    const page = await sessions.list({ subject: 'ann', limit: 2, ...(cursor ? { cursor } : {}) })
    t.ok(page.sessions.length <= 2)
    seen.push(...page.sessions.map(({ subject, id }) => `${subject} ${id}`))
    cursor = page.cursor
  } while (cursor !== null)
  t.equal(new Set(seen).size, 3)
  t.ok(seen.every(entry => entry.startsWith('ann ')))
  t.strictSame([await sessions.count(), await sessions.count({ subject: 'ann' }), await sessions.count({ subject: 'cy' })], [5, 3, 0])
})

t.test('filters are checked', async t => {
  const { sessions } = (await createSite(t, { backend: 'memory' })).app
  for (const filter of [{ limit: 0 }, { limit: '1' }, { subjekt: 'ann' }, { subject: 7 }, { cursor: 1 }, null]) {
    await t.rejects(sessions.list(filter as never), { code: 'SES_INVALID_OPTIONS' }, JSON.stringify(filter))
  }
  await t.rejects(sessions.count({ subject: 7 } as never), { code: 'SES_INVALID_OPTIONS' })
  for (const options of [{ limit: 0 }, { max: 1 }]) await t.rejects(sessions.removeExpired(options as never), { code: 'SES_INVALID_OPTIONS' })
})

t.test('removeExpired() removes in batches, up to the limit', async t => {
  const backend = new MemoryBackend()
  const site = await createSite(t, { backend, idleTimeout: 10 })
  const batches: Array<number | undefined> = []
  const removing = Object.create(backend, {
    bind: {
      value: (context: any) => {
        const bound = backend.bind(context)
        const removeExpired = bound.removeExpired.bind(bound)
        return Object.assign(bound, { removeExpired: (options: { limit?: number }) => { batches.push(options.limit); return removeExpired(options) } })
      }
    }
  })
  const watched = await createSite(t, { backend: removing, idleTimeout: 10 })
  for (let index = 0; index < 1_500; index++) await site.app.sessions.create({})
  watched.clock.now += 10_000
  const live = await watched.app.sessions.create({})
  t.equal(await watched.app.sessions.removeExpired({ limit: 100 }), 100)
  const rest = await watched.app.sessions.removeExpired()
  t.ok(rest > 1_000 && rest <= 1_400, 'writes sweep a few away themselves')
  t.strictSame(batches, [100, 1_000, 1_000])
  t.equal(await watched.app.sessions.removeExpired(), 0)
  t.equal(await watched.app.sessions.exists(live.id), true)
})

t.test('values of the application\'s own columns come along in a listing, where the backend has them', async t => {
  class WithColumns extends MemoryBackend {
    override bind (): this { return this }
    override list (filter: ListFilter) {
      const { sessions, cursor } = super.list(filter)
      return { sessions: sessions.map(record => ({ ...record, extra: { tenant: 7 } })), cursor }
    }
  }
  const { app } = await createSite(t, { backend: new WithColumns() })
  await app.sessions.create({})
  t.match((await app.sessions.list()).sessions, [{ extra: { tenant: 7 } }])
})
