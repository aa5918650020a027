import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { fromBackend } from '../../lib/migrate.ts'
import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { createSite, OLD_SECRET, SECRET } from '../helpers/app.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { DAY_MS, HOUR_MS, START } from '../helpers/times.ts'

const NEW = { cookie: { name: '__Host-sid' } }

for (const from of ['cookie', 'memory'] as const) {
  t.test(`a session of the ${from} backend goes on in a different backend, with its subject, its age and its sign-in`, async t => {
    const source = from === 'cookie' ? new CookieBackend() : new MemoryBackend()
    const before = await createSite(t, { backend: source, about: () => ({ agent: 'Lynx' }) })
    const browser = before.browser()
    await browser.run(async ({ session }) => { await session.login('7', { cart: ['x'.repeat(from === 'cookie' ? 5_000 : 10)] }, { level: 'mfa', labels: ['team'] }) })
    const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source, { secret: SECRET })] })
    later.clock.now = START + HOUR_MS
    const moved = later.browser().take(browser)
    const shown = (await moved.run(({ session }) =>
      [session.subject, session.level, session.labels, session.createdAt, session.signedInAt, session.cart[0].length])).json()
    t.strictSame(shown.slice(0, 5), ['7', 'mfa', ['team'], new Date(START).toISOString(), new Date(START).toISOString()])
    t.equal(await later.app.sessions.count({ label: 'team' }), 1)
    t.ok(moved.cookies.has('__Host-sid'))
    t.strictSame((await later.app.sessions.list()).sessions[0]!.about, from === 'memory' ? { agent: 'Lynx' } : null)
  })

  t.test(`all parts of a cookie of the ${from} backend and its record go with clear`, async t => {
    const source = from === 'cookie' ? new CookieBackend() : new MemoryBackend()
    const before = await createSite(t, { backend: source })
    const browser = before.browser()
    await browser.run(({ session }) => { session.text = 'x'.repeat(5_000) })
    const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source, { secret: SECRET, clear: true })] })
    const moved = later.browser().take(browser)
    const copy = moved.copy()
    t.equal(((await moved.data())['text'] as string).length, 5_000)
    t.strictSame([...moved.cookies.keys()], ['__Host-sid'])
    if (from === 'memory') t.equal(await before.app.sessions.count(), 0)
    t.equal(((await copy.data())['text'] as string).length, 5_000, 'an answer was lost')
  })

  t.test(`a forged, an expired and a malformed cookie of the ${from} backend is no session`, async t => {
    const source = from === 'cookie' ? new CookieBackend() : new MemoryBackend()
    const before = await createSite(t, { backend: source, idleTimeout: 60 })
    const { cookie } = await before.app.sessions.create({ user: 'ada' } as never)
    const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source, { secret: SECRET })] })
    later.browser()
    const dataFor = async (header: string) => (await later.call('/', header, ({ session }) => session.data())).json() as unknown
    const [name, value] = cookie.split('=') as [string, string]
    const reasons = async (header: string) => {
      t.strictSame(await dataFor(header), {})
      return later.events.at(-1)!.reason
    }
    const forged = `${name}=${value.slice(0, -2)}${value.endsWith('AA') ? 'BB' : 'AA'}`
    t.equal(await reasons(forged), from === 'cookie' ? 'forged' : 'unknown')
    t.equal(await reasons(`${name}=`), 'malformed')
    t.equal(await reasons(`${name}=abc`), from === 'cookie' ? 'forged' : 'malformed')
    const { length } = later.events
    t.strictSame(await dataFor('other=1'), {})
    t.equal(later.events.length, length, 'without a cookie of theirs nothing is said')
    t.equal(await reasons(`${name}.1=x`), 'malformed')
    later.clock.now = START + HOUR_MS
    t.match(await reasons(cookie), from === 'cookie' ? 'expired' : 'unknown')
  })
}

t.test('a self-contained backend of the application\'s own is read too', async t => {
  const source = (inner: SessionBackend): SessionBackend => ({
    selfContained: true,
    read: text => inner.read(text),
    write: (id, record) => inner.write(id, record),
    remove: () => {},
    bind: context => source(inner.bind!(context))
  })
  const before = await createSite(t, { backend: new CookieBackend() })
  const { cookie } = await before.app.sessions.create({ user: 'ada' } as never)
  const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source(new CookieBackend()), { secret: SECRET })] })
  later.browser()
  t.strictSame((await later.call('/', cookie, ({ session }) => session.data())).json(), { user: 'ada' })
})

t.test('sealed payloads of a server-side backend are opened with their secrets, old ones too', async t => {
  const source = new MemoryBackend()
  const before = await createSite(t, { backend: source, encrypt: true, secret: OLD_SECRET })
  const { cookie } = await before.app.sessions.create({ user: 'ada' } as never)
  const dataWith = async (secret: string | string[]) => {
    const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source, { secret, encrypt: true })] })
    later.browser()
    return (await later.call('/', cookie, ({ session }) => session.data())).json() as unknown
  }
  t.strictSame(await dataWith([SECRET, OLD_SECRET]), { user: 'ada' })
  t.strictSame(await dataWith(SECRET), {})
})

t.test('a session moves to a different property on the same store, and with its own schemaVersion through migrate', async t => {
  const source = new MemoryBackend()
  const before = await createSite(t, { backend: source, property: 'visit', schemaVersion: 3, schema: { type: 'object' } })
  const { cookie } = await (before.app as any).visits.create({ user: 'ada' })
  const versions: number[] = []
  const later = await createSite(t, {
    backend: source,
    schemaVersion: 4,
    migrate: (data, fromVersion) => {
      versions.push(fromVersion)
      return data
    },
    migrateFrom: [fromBackend(source, { property: 'visit' })]
  })
  later.browser()
  t.strictSame((await later.call('/', cookie, ({ session }) => session.data())).json(), { user: 'ada' })
  t.strictSame(versions, [3])
})

t.test('what a store answers that is no record of the id is no session', async t => {
  const source = new MinimalBackend()
  const before = await createSite(t, { backend: source })
  const { cookie } = await before.app.sessions.create({ user: 'ada' } as never)
  const answers: unknown[] = [{ id: 'x' }, null]
  const wrong: SessionBackend = { read: () => answers.shift() as SessionRecord, write: id => id!, remove: () => {} }
  const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(wrong)] })
  later.browser()
  for (const reason of ['corrupt', 'unknown']) {
    await later.call('/', cookie, ({ session }) => session.data())
    t.match(later.events.at(-1), { type: 'rejected', reason })
  }
})

t.test('a session that ended in the old store is a tombstone there, and does not come in', async t => {
  const source = new MemoryBackend()
  const before = await createSite(t, { backend: source })
  const { id, cookie } = await before.app.sessions.create({ user: 'ada' } as never)
  await before.app.sessions.revoke(id)
  const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source)] })
  later.browser()
  t.strictSame((await later.call('/', cookie, ({ session }) => session.data())).json(), {})
})

t.test('all copies of a cookie session meet in one session, and an ended one does not come back', async t => {
  const source = new CookieBackend()
  const before = await createSite(t, { backend: source })
  const browser = before.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const copy = browser.copy()
  await browser.run(({ session }) => { session.b = 2 })
  const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source, { secret: SECRET })] })
  const [first, second] = [later.browser(), later.browser()]
  first.cookies.set('__Host-session', browser.cookies.get('__Host-session')!)
  second.cookies.set('__Host-session', copy.cookies.get('__Host-session')!)
  t.strictSame(await first.data(), { a: 1, b: 2 })
  t.strictSame(await second.data(), { a: 1, b: 2 })
  await first.run(async ({ session }) => { await session.destroy() })
  later.clock.now = START + DAY_MS
  const third = later.browser()
  third.cookies.set('__Host-session', copy.cookies.get('__Host-session')!)
  t.strictSame(await third.data(), {})
})

t.test('wrong options of fromBackend stop the start, and name the remedy', async t => {
  t.throws(() => fromBackend({} as never), { code: 'SES_INVALID_OPTIONS', message: /`backend` to be a session backend.*CookieBackend/ })
  t.throws(() => fromBackend(new CookieBackend()), { code: 'SES_INVALID_OPTIONS', message: /secret/ })
  t.throws(() => fromBackend(new MemoryBackend(), { cookiename: 'x' } as never), { message: /nearest known one is `fromBackend\.cookieName`/ })
  t.throws(() => fromBackend(new MemoryBackend(), { secret: 'short' }), { message: /32 bytes/ })
  const reader = fromBackend(new CookieBackend(), { secret: SECRET, cookie: { path: '/app' } })
  t.strictSame(reader.cookie, { path: '/app' })
  t.throws(() => reader.read({ names: [], valuesOf: () => [] }), { message: /once it is bound/ })
})

t.test('wrong values of migrateFrom stop the start', async t => {
  const wrong = async (migrateFrom: unknown, message: RegExp) => {
    await t.rejects(createSite(t, { backend: 'memory', migrateFrom: migrateFrom as never }), { code: 'SES_INVALID_OPTIONS', message })
  }
  const read = () => null
  await wrong({}, /`migrateFrom` to be an array of readers/)
  await wrong([{}], /`migrateFrom\.0` to be a reader.*fromFastifySession/)
  await wrong([{ read }], /`migrateFrom\.0\.name` to be a text/)
  await wrong([{ read, name: 'x' }], /`migrateFrom\.0\.cookieName` to be the name of a cookie/)
  await wrong([{ read, name: 'x', cookieName: 'y', clear: 1 }], /`migrateFrom\.0\.clear` to be a boolean/)
  await wrong([{ read, name: 'x', cookieName: '__Host-session' }], /does not overlap with that of our cookie.*set `cookie.name` to a new name/)
  await wrong([fromBackend(new CookieBackend(), { secret: SECRET, cookieName: '__Host-session.1' })], /overlap/)
})

t.test('a cookie session that was ended does not come in, and one that lives does', async t => {
  const source = new CookieBackend({ revocation: new MemoryBackend() })
  const before = await createSite(t, { backend: source })
  const later = await createSite(t, { ...NEW, backend: 'memory', migrateFrom: [fromBackend(source, { secret: SECRET })] })
  later.browser()
  const [ended, alive] = [await before.app.sessions.create({ n: 1 } as never), await before.app.sessions.create({ n: 2 } as never)]
  await before.app.sessions.revoke(ended.id)
  const dataFor = async (header: string) => (await later.call('/', header, ({ session }) => session.data())).json() as unknown
  t.strictSame(await dataFor(ended.cookie), {})
  t.match(later.events.at(-1), { type: 'rejected', reason: 'unknown' })
  t.strictSame(await dataFor(alive.cookie), { n: 2 })
})

for (const kind of ['cookie', 'memory'] as const) {
  t.test(`a session that has just come in has a signal (${kind})`, async t => {
    const source = new MemoryBackend()
    const before = await createSite(t, { backend: source })
    const later = await createSite(t, { ...NEW, backend: kind, migrateFrom: [fromBackend(source)] })
    later.browser()
    const { cookie } = await before.app.sessions.create({ n: 1 } as never)
    const answer = await later.call('/', cookie, async ({ session }) => {
      const { signal } = session
      await session.save()
      return [session.signal === signal, signal.aborted]
    })
    t.strictSame(answer.json(), [true, false])
  })
}
