import t from 'tap'
import sessions, { CookieBackend, MemoryBackend, type SessionRecord } from '../../lib/index.ts'
import { FaultyBackend, testBackend } from '../../lib/testing/index.ts'
import { createApp } from '../helpers/app.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const now = Date.now()
const record: SessionRecord = { id: 'a', version: 1, data: '{"a":1}', schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + 60_000, subject: 'alice', policy: null, meta: null }

t.test('without a fault it is what it wraps', async t => {
  await t.test('memory', t => testBackend(t, () => new FaultyBackend(new MemoryBackend())))
  await t.test('cookie', t => testBackend(t, () => new FaultyBackend(new CookieBackend())))
  await t.test('three methods', t => testBackend(t, () => new FaultyBackend(new MinimalBackend())))
})

t.test('it has what the wrapped backend has, and no more', async t => {
  const minimal = new FaultyBackend(new MinimalBackend())
  t.match(minimal, { touch: undefined, list: undefined, count: undefined, exists: undefined, atomic: false, selfContained: false, maxBytes: 7_168 })
  t.match(new FaultyBackend(new CookieBackend({ maxBytes: 4_000 })), { selfContained: true, maxBytes: 4_000 })
})

t.test('an operation that fails does nothing, until it is healed', async t => {
  const inner = new MemoryBackend()
  const backend = new FaultyBackend(inner).fail('write')
  await t.rejects(async () => await backend.write('a', record), { message: 'write failed on purpose' })
  t.equal(inner.read('a'), null)
  t.equal(await backend.heal().write('a', record), 'a')
})

t.test('an operation fails with the error it is given', async t => {
  const error = new Error('the disk is full')
  await t.rejects(async () => await new FaultyBackend(new MemoryBackend()).fail('read', error).read('a'), error)
})

t.test('an operation whose answer is lost was done', async t => {
  const inner = new MemoryBackend()
  const backend = new FaultyBackend(inner).loseAnswer('write')
  await t.rejects(async () => await backend.write('a', record), { message: 'the answer of write was lost on purpose' })
  t.equal(inner.read('a')?.data, '{"a":1}')
})

t.test('an operation that hangs does not answer', async t => {
  const backend = new FaultyBackend(new MemoryBackend()).hang('read')
  const soon = new Promise(resolve => { setImmediate(resolve, 'still waiting') })
  t.equal(await Promise.race([backend.read('a'), soon]), 'still waiting')
})

t.test('calls are recorded in order', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  await backend.write('a', record)
  await backend.touch('a', record)
  await backend.read('a')
  await backend.list({})
  await backend.count({})
  await backend.removeSubject('alice', {})
  await backend.removeLabel('x', {})
  await backend.removeExpired({})
  await backend.removeAll()
  await backend.remove('a')
  t.strictSame(backend.calls.map(({ operation, id }) => [operation, id]), [
    ['write', 'a'], ['touch', 'a'], ['read', 'a'], ['list', null], ['count', null],
    ['removeSubject', 'alice'], ['removeLabel', 'x'], ['removeExpired', null], ['removeAll', null], ['remove', 'a']
  ])
})

t.test('it passes on whether a text is stale, and what exists', async t => {
  const context = { property: 'session', now: Date.now, cookie: { name: 's' }, timeout: 5_000, log: null as never }
  const [older, newer] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const text = await new FaultyBackend(new CookieBackend()).bind({ ...context, secrets: [older] }).write(null, record) as string
  t.equal(new FaultyBackend(new CookieBackend()).bind({ ...context, secrets: [newer, older] }).isStale(text), true)
  t.equal(await new FaultyBackend(new MemoryBackend()).exists('a'), false)
})

t.test('it passes on which server holds an id, where the wrapped backend tells', async t => {
  const fleet = Object.assign(new MinimalBackend(), { serverOf: (id: string) => `server of ${id}` })
  t.equal(new FaultyBackend(fleet).serverOf('a'), 'server of a')
  t.equal(new FaultyBackend(new MinimalBackend()).serverOf, undefined)
})

t.test('closing it closes what it wraps, where that can be closed', async t => {
  let closed = 0
  await new FaultyBackend(Object.assign(new MinimalBackend(), { close: () => { closed++ } })).close()
  t.equal(closed, 1)
  await new FaultyBackend(new MinimalBackend()).close()
})

t.test('two registrations share its faults and calls, and not their sessions', async t => {
  const faulty = new FaultyBackend(new MemoryBackend())
  const app = await createApp(t, { backend: faulty })
  await app.register(sessions, { backend: faulty, property: 'admin' })
  await app.ready()
  const { id } = await app.sessions.create({ n: 1 })
  // The name of a second property is known to no type here.
  t.equal(await (app as any).admins.get(id), null)
  t.match(await app.sessions.get(id), { data: { n: 1 } })
  t.match(faulty.calls.filter(({ operation }) => operation === 'read'), [{ id }, { id }])
  faulty.fail('read')
  for (const registration of [app.sessions, (app as any).admins]) await t.rejects(registration.get(id), { code: 'SES_BACKEND_UNAVAILABLE' })
})

t.test('a muted watch is not live and hears nothing, until it is healed', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const heard: Array<string | null> = []
  const watch = backend.watch(id => { heard.push(id) })
  backend.heal().mute()
  backend.write('a', record)
  t.strictSame([watch.isLive, heard], [false, []])
  backend.heal()
  backend.remove('a')
  t.strictSame([watch.isLive, watch.reportsOnlyEndings, heard], [true, false, [null, 'a']])
  await watch.close()
  backend.mute().heal()
  t.strictSame([watch.isLive, heard], [false, [null, 'a']])
})

t.test('a read past the cache fails as a read does', async t => {
  const inner = Object.assign(new MemoryBackend(), { readFresh: () => record })
  const backend = new FaultyBackend(inner)
  t.strictSame([await backend.read('a'), await backend.readFresh('a')], [null, record])
  backend.fail('read')
  await t.rejects(async () => await backend.readFresh('a'), { message: 'read failed on purpose' })
  t.strictSame(backend.calls.map(({ operation }) => operation), ['read', 'read', 'read'])
})
