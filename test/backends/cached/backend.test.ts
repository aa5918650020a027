import t from 'tap'
import { CachedBackend, type CachedBackendOptions } from '../../../lib/cached.ts'
import { CookieBackend, MemoryBackend } from '../../../lib/index.ts'
import { freezeRecord } from '../../../lib/record/record.ts'
import { FaultyBackend } from '../../../lib/testing/index.ts'
import type { SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { contextOf } from '../../helpers/databases.ts'
import { MinimalBackend } from '../../helpers/minimal-backend.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { START } from '../../helpers/times.ts'

/** As the core hands records out: a store keeps them as they are. */
const frozen = (...args: Parameters<typeof newRecord>): SessionRecord => freezeRecord(newRecord(...args))
const nextFrozen = (...args: Parameters<typeof nextOf>): SessionRecord => freezeRecord(nextOf(...args))

const INVALID = { code: 'SES_INVALID_OPTIONS' }

/** A node with a cache, the calls that reach its store, and another node on the same store. */
async function bench (options: CachedBackendOptions = {}, store: SessionBackend = new MemoryBackend()) {
  const clock = { now: START }
  const now = () => clock.now
  const inner = new FaultyBackend(store)
  const node = new CachedBackend(inner, options).bind(contextOf({ now }))
  const elsewhere = store.bind?.(contextOf({ now })) ?? store
  const record = frozen({ subject: 'alice' }, START)
  await elsewhere.write(record.id, record, 0)
  return { clock, inner, node, elsewhere, record, calls: () => inner.calls.splice(0).map(({ operation }) => operation) }
}

/** A store that cannot be watched. */
const unwatched = (): SessionBackend => Object.assign(new MemoryBackend(), { watch: undefined, bind: undefined }) as never

t.test('what is no backend, needs no cache or has one is refused, and so are wrong options', async t => {
  const make = (backend: unknown, options?: object) => () => new CachedBackend(backend as SessionBackend, options)
  t.throws(make({}), { ...INVALID, message: /`CachedBackend.backend` to be a session backend with the methods read, write and remove/ })
  t.throws(make(new CookieBackend()), { ...INVALID, message: /on a server/ })
  t.throws(make(new CachedBackend(new MemoryBackend())), { ...INVALID, message: /without a cache.*one cache is enough/ })
  for (const options of [{ maxbytes: 1 }, { maxBytes: 0 }, { maxBytes: 1.5 }, { lease: 0 }, { lease: '1 s' }, { maxAge: -1 }, { maxAge: 1e12 }]) {
    t.throws(make(new MemoryBackend(), options), INVALID, JSON.stringify(options))
  }
  t.doesNotThrow(make(new MemoryBackend(), { maxBytes: 1, lease: '2s', maxAge: 0.5 }))
})

t.test('it has what the backend has, and no more', async t => {
  const bare = new CachedBackend(new MinimalBackend()) as SessionBackend
  const names = ['touch', 'exists', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel', 'serverOf', 'prepare', 'watch', 'cookies'] as const
  t.strictSame(names.filter(name => bare[name] !== undefined), [])
  t.match(bare, { atomic: false, shared: false })
  const cookies = { maxLength: 1, create: () => ({ id: '', text: '' }), idOf: () => null }
  const inner = Object.assign(new MemoryBackend(), { shared: true, cookies, serverOf: () => 'here', prepare () { prepared++ } })
  let prepared = 0
  const backend = new CachedBackend(inner)
  t.match(backend, { atomic: true, shared: true, cookies })
  t.equal(backend.serverOf('a'), 'here')
  backend.prepare()
  t.equal(prepared, 1)
})

t.test('a session that was read is answered from memory, without a promise, and counted', async t => {
  const { node, record, calls } = await bench()
  await node.read(record.id)
  t.strictSame(calls(), ['read'])
  t.equal(node.read(record.id), record)
  t.strictSame(calls(), [])
  t.strictSame(node.cache, { hits: 1, misses: 1 })
})

t.test('that there is none is never remembered', async t => {
  const { node, elsewhere } = await bench()
  const record = frozen({}, START)
  t.equal(await node.read(record.id), null)
  await elsewhere.write(record.id, record, 0)
  t.strictSame(await node.read(record.id), record)
})

/** What another node, or this one, does to a session. */
const deeds: Readonly<Record<string, (backend: SessionBackend, record: SessionRecord) => unknown>> = {
  write: (backend, record) => backend.write(record.id, nextFrozen(record, { data: '{"n":2}' }), record.version),
  touch: (backend, record) => backend.touch!(record.id, { ...record, expiresAt: record.expiresAt + 1 }),
  remove: (backend, { id }) => backend.remove(id),
  removeAll: backend => backend.removeAll!(),
  removeSubject: backend => backend.removeSubject!('alice', {}),
  removeLabel: backend => backend.removeLabel!('staff', {})
}

for (const [name, deed] of Object.entries(deeds)) {
  t.test(`${name} is seen at once, on this node and on others`, async t => {
    for (const isOwn of [true, false]) {
      const { node, elsewhere } = await bench()
      const record = frozen({ subject: 'alice', meta: { labels: ['staff'] } }, START)
      await elsewhere.write(record.id, record, 0)
      await node.read(record.id)
      await deed(isOwn ? node : elsewhere, record)
      t.strictSame(await node.read(record.id), elsewhere.read(record.id), isOwn ? 'own' : 'of others')
    }
  })

  t.test(`${name} of this node is seen at once, though nothing is reported and its answer is lost`, async t => {
    const { node, inner, elsewhere } = await bench({ maxAge: '1h' }, unwatched())
    const record = frozen({ subject: 'alice', meta: { labels: ['staff'] } }, START)
    await elsewhere.write(record.id, record, 0)
    await node.read(record.id)
    inner.loseAnswer(name as 'write')
    await t.rejects(async () => { await deed(node, record) })
    t.strictSame(await node.read(record.id), elsewhere.read(record.id))
  })
}

t.test('a refused write shows what stands from then on', async t => {
  const { node, elsewhere, record } = await bench({ maxAge: '1h' }, unwatched())
  await node.read(record.id)
  const theirs = nextFrozen(record)
  await elsewhere.write(record.id, theirs, record.version)
  t.equal(await node.read(record.id), record, 'not reported')
  t.strictSame(await node.write(record.id, nextFrozen(record), record.version), theirs)
  t.strictSame(await node.read(record.id), theirs)
})

t.test('what was read past the cache is followed by nothing older', async t => {
  const { node, elsewhere, record, calls } = await bench({ maxAge: '1h' }, unwatched())
  await node.read(record.id)
  t.equal(await node.readFresh(record.id), record)
  calls()
  t.equal(await node.read(record.id), record)
  t.strictSame(calls(), [], 'the same record stays')
  await elsewhere.remove(record.id)
  t.equal(await node.readFresh(record.id), null)
  t.equal(await node.read(record.id), null)
})

t.test('without reports a session is served while it is young, by the clock of the registration and that of the machine', async t => {
  const { clock, node, record, calls } = await bench({ maxAge: '10m' }, unwatched())
  const isServed = async (): Promise<boolean> => {
    calls()
    await node.read(record.id)
    return calls().length === 0
  }
  t.equal(await isServed(), false)
  clock.now += 600_000
  t.equal(await isServed(), true)
  clock.now += 1
  t.equal(await isServed(), false)
  clock.now -= 600_001
  t.equal(await isServed(), false, 'a clock that was set back proves nothing')
  const short = await bench({ maxAge: 0.001 }, unwatched())
  await short.node.read(record.id)
  const end = performance.now() + 5
  while (performance.now() < end);
  short.calls()
  await short.node.read(short.record.id)
  t.strictSame(short.calls(), ['read'])
})

t.test('where only endings are certain to be reported, both hold: a report, and the age', async t => {
  const store = new MemoryBackend()
  const watch = store.watch.bind(store)
  const endings = Object.assign(store, {
    bind: undefined,
    watch: (listener: (id: string | null) => void) => Object.assign(Object.create(null), { isLive: true, reportsOnlyEndings: true, close: watch(listener).close })
  })
  const { clock, node, record, calls } = await bench({}, endings as never)
  await node.read(record.id)
  calls()
  await node.read(record.id)
  t.strictSame(calls(), [])
  clock.now += 1_001
  await node.read(record.id)
  t.strictSame(calls(), ['read'])
  await store.remove(record.id)
  t.equal(await node.read(record.id), null)
})

t.test('while the watch is not live nothing is served from memory, and afterwards nothing that was read before', async t => {
  const { inner, node, elsewhere, record, calls } = await bench()
  await node.read(record.id)
  inner.mute()
  await elsewhere.remove(record.id)
  t.equal(await node.read(record.id), null)
  await elsewhere.write(record.id, record, 0)
  await node.read(record.id)
  await node.read(record.id)
  calls()
  inner.heal()
  await node.read(record.id)
  await node.read(record.id)
  t.strictSame(calls(), ['read'])
})

t.test('a session whose deadline has come is read again', async t => {
  const { clock, node, record, calls } = await bench()
  await node.read(record.id)
  clock.now = record.expiresAt
  calls()
  t.equal(await node.read(record.id), null)
  t.strictSame(calls(), ['read'])
})

t.test('a read that fails keeps nothing, with and without a promise', async t => {
  const { inner, node, record } = await bench()
  inner.fail('read')
  await t.rejects(async () => await node.read(record.id))
  inner.heal()
  t.strictSame(await node.read(record.id), record)
  const throwing = new CachedBackend(Object.assign(new MemoryBackend(), { bind: undefined, read () { throw new Error('at once') } }) as never)
  t.throws(() => throwing.read(record.id), { message: 'at once' })
})

t.test('a closed one watches and serves nothing from memory', async t => {
  const { node, inner, record, calls } = await bench()
  await node.read(record.id)
  await node.close()
  await node.close()
  calls()
  t.strictSame(await node.read(record.id), record)
  t.strictSame(await node.read(record.id), record)
  t.strictSame(calls(), ['read', 'read'])
  t.equal(inner.heal(), inner)
})

t.test('one that nobody has bound serves what is young', async t => {
  const backend = new CachedBackend(new MemoryBackend(), { maxAge: '1h' })
  const record = frozen()
  await backend.write(record.id, record, 0)
  await backend.read(record.id)
  t.equal(backend.read(record.id), record)
  t.strictSame(backend.cache, { hits: 1, misses: 1 })
  await backend.close()
})

t.test('the rest goes to the backend as it is', async t => {
  const { node, record, calls } = await bench()
  t.equal(await node.exists(record.id), true)
  t.match(await node.list({}), { sessions: [{ id: record.id }] })
  t.equal(await node.count({}), 1)
  t.equal(await node.removeExpired({}), 0)
  t.strictSame(calls(), ['exists', 'list', 'count', 'removeExpired'])
  const heard: unknown[] = []
  const watch = node.watch(id => { heard.push(id) })
  await node.remove(record.id)
  t.strictSame(heard, [record.id])
  await watch.close()
})
