import t from 'tap'
import { MemoryBackend, type MemoryBackendOptions, type SessionRecord } from '../../lib/index.ts'
import { IndexedRecords } from '../../lib/backends/indexed-records.ts'
import { testBackend } from '../../lib/testing/index.ts'

t.test('the memory backend keeps every promise of a backend', t => testBackend(t, () => new MemoryBackend()))

/** A backend with a movable clock, and records that expire at a chosen moment. */
function bench (options: MemoryBackendOptions = {}) {
  const clock = { now: 1_000 }
  const root = new MemoryBackend(options)
  const bind = (property: string) => root.bind({ property, now: () => clock.now } as never)
  const record = (id: string, overrides: Partial<SessionRecord> = {}): SessionRecord => ({
    id, version: 1, data: '{}', schemaVersion: 1, createdAt: 0, lastAccessedAt: 0, expiresAt: 5_000, subject: null, policy: null, meta: null, ...overrides
  })
  return { clock, root, bind, record, backend: bind('session') }
}

const ids = (backend: MemoryBackend) => backend.list({}).sessions.map(({ id }) => id).join('')

t.test('when it is full, the session used longest ago goes', async t => {
  const { backend, record } = bench({ maxEntries: 3 })
  for (const id of ['a', 'b', 'c', 'd']) backend.write(id, record(id))
  t.equal(ids(backend), 'bcd')
  backend.read('b')
  backend.write('e', record('e'))
  t.equal(ids(backend), 'bde', 'reading is use')
  backend.touch('d', record('d', { expiresAt: 6_000 }))
  backend.write('f', record('f'))
  t.equal(ids(backend), 'def', 'so is touching')
  backend.write('e', record('e', { version: 2 }))
  t.equal(ids(backend), 'def', 'replacing one makes no room')
  backend.write('g', record('g'))
  t.equal(ids(backend), 'efg', 'and is use')
})

t.test('what makes room, expires or gets other keys is in no index, and the rest is', async t => {
  const { clock, backend, record } = bench({ maxEntries: 2 })
  const found = (filter: object) => backend.list(filter).sessions.map(({ id }) => id).join('')
  backend.write('a', record('a', { subject: 'ada', meta: { labels: ['x', 'y'] } }))
  backend.write('b', record('b', { subject: 'ada', meta: { labels: ['x'] }, expiresAt: 2_000 }))
  t.strictSame([found({ subject: 'ada' }), found({ label: 'x' }), found({ label: 'y' }), found({ subject: 'ada', label: 'y' })], ['ab', 'ab', 'a', 'a'])
  backend.write('c', record('c', { subject: 'ada', meta: { labels: ['y', 'x'] } }))
  t.strictSame([found({ subject: 'ada' }), found({ label: 'y' })], ['bc', 'c'], 'the first made room')
  clock.now = 2_000
  t.equal(found({ label: 'x' }), 'c')
  backend.write('c', record('c', { version: 2, meta: { labels: ['z', 'x'] } }))
  t.strictSame([found({ subject: 'ada' }), found({ label: 'y' }), found({ label: 'z' })], ['', '', 'c'])
  backend.removeAll()
  t.equal(backend.count({ label: 'z' }), 0)
})

t.test('an index holds no more keys than its sessions have', async t => {
  const records = new IndexedRecords(10)
  const { record } = bench()
  const held = () => [...records.candidates({ label: 'x' })].length
  for (let n = 0; n < 1_000; n++) records.set(`${n}`, record(`${n}`, { subject: `${n}`, meta: { labels: ['x', `${n}`] } }))
  t.equal(held(), 10)
  for (let n = 0; n < 1_000; n++) records.delete(`${n}`)
  t.strictSame([held(), records.size], [0, 0])
})

t.test('looking without reading is no use', async t => {
  const { backend, record } = bench({ maxEntries: 2 })
  backend.write('a', record('a'))
  backend.write('b', record('b'))
  backend.exists('a')
  backend.list({})
  backend.touch('a', record('a', { version: 9 }))
  backend.write('c', record('c'))
  t.equal(ids(backend), 'bc')
})

t.test('it holds as much as it is told, and one is enough', async t => {
  const { backend, record } = bench({ maxEntries: 1 })
  for (const id of ['a', 'b']) backend.write(id, record(id))
  t.equal(ids(backend), 'b')
})

t.test('expired sessions make room before live ones, without a timer', async t => {
  const { clock, backend, record } = bench()
  for (let i = 0; i < 10; i++) backend.write(`old${i}`, record(`old${i}`, { expiresAt: 2_000 }))
  clock.now = 2_000
  for (let i = 0; i < 4; i++) backend.write(`new${i}`, record(`new${i}`))
  t.equal(backend.removeExpired({}), 2, 'each write took two away')
  t.equal(backend.count({}), 4)
})

t.test('expired sessions are absent to every method, from the exact millisecond on', async t => {
  const { clock, backend, record } = bench()
  backend.write('a', record('a', { expiresAt: 2_000, subject: 'ada' }))
  clock.now = 1_999
  t.ok(backend.exists('a'))
  clock.now = 2_000
  t.equal(backend.count({ subject: 'ada' }), 0)
  t.strictSame(backend.list({}), { sessions: [], cursor: null })
  t.equal(backend.removeSubject('ada', {}), 0)
  t.equal(backend.touch('a', record('a')), false)
  t.equal(backend.exists('a'), false)
  t.equal(backend.read('a'), null)
})

t.test('removeExpired() stops at its limit', async t => {
  const { clock, backend, record } = bench()
  for (const id of ['a', 'b', 'c']) backend.write(id, record(id, { expiresAt: 2_000 }))
  backend.write('d', record('d'))
  clock.now = 2_000
  t.strictSame([backend.removeExpired({ limit: 0 }), backend.removeExpired({ limit: 2 }), backend.removeExpired({ limit: 2 }), backend.removeExpired({})], [0, 2, 1, 0])
  t.equal(ids(backend), 'd')
})

t.test('what was handed in stays the caller\'s: later changes of it are not stored', async t => {
  const { backend, record } = bench()
  const given = { ...record('a'), data: '{"a":1}', policy: { idleTimeout: 5 }, meta: { mark: 5, labels: ['x'] } }
  backend.write('a', given)
  given.data = '{"a":2}'
  given.policy.idleTimeout = given.meta.mark = 6
  given.meta.labels[0] = 'y'
  t.match(backend.read('a'), { data: '{"a":1}', policy: { idleTimeout: 5 }, meta: { mark: 5, labels: ['x'] } })
  t.equal(backend.removeLabel('x', {}), 1)
})

t.test('what is handed out cannot be changed', async t => {
  const { backend, record } = bench()
  backend.write('a', { ...record('a'), policy: { idleTimeout: 5 } })
  const found = backend.read('a')!
  t.throws(() => { (found as { data: string }).data = 'x' }, TypeError)
  t.throws(() => { (found.policy as { idleTimeout: number }).idleTimeout = 1 }, TypeError)
})

t.test('two properties on one backend do not see each other', async t => {
  const { bind, record } = bench()
  const [one, two] = [bind('one'), bind('two')]
  one.write('a', record('a', { data: '{"in":"one"}', subject: 'ada' }))
  t.equal(two.read('a'), null)
  t.equal(two.count({}), 0)
  two.write('a', record('a', { data: '{"in":"two"}', subject: 'ada' }))
  two.removeSubject('ada', {})
  two.removeAll()
  t.match(one.read('a'), { data: '{"in":"one"}' })
  t.match(bind('one').read('a'), { data: '{"in":"one"}' }, 'the same property does')
})

t.test('it works unbound too, by the clock of the system', async t => {
  const { root, record } = bench()
  root.write('a', record('a', { expiresAt: Date.now() + 60_000 }))
  root.write('b', record('b', { expiresAt: Date.now() - 1 }))
  t.equal(ids(root), 'a')
})

for (const [options, message] of [
  [{ maxEntries: 0 }, 'Expected `MemoryBackend.maxEntries` to be an integer above 0, got 0 (number)'],
  [{ maxEntries: 1.5 }, 'Expected `MemoryBackend.maxEntries` to be an integer above 0, got 1.5 (number)'],
  [{ maxEntries: Infinity }, 'Expected `MemoryBackend.maxEntries` to be an integer above 0, got Infinity (number)'],
  [{ maxEntrys: 5 }, 'Unknown option `MemoryBackend.maxEntrys`; the nearest known one is `MemoryBackend.maxEntries`'],
  [null, 'Expected `MemoryBackend` to be an object of options, got null']
] as const) {
  t.test(`${JSON.stringify(options)} is refused`, async t => {
    t.throws(() => new MemoryBackend(options as never), { code: 'SES_INVALID_OPTIONS', message })
  })
}

t.test('who watches hears of every change, also of what makes room, expires or goes with all', async t => {
  const { clock, backend, bind, record } = bench({ maxEntries: 2 })
  const heard: Array<string | null> = []
  const watch = backend.watch(id => { heard.push(id) })
  const elsewhere = bind('session')
  for (const id of ['a', 'b', 'c']) elsewhere.write(id, record(id, { expiresAt: id === 'b' ? 2_000 : 5_000 }))
  t.strictSame(heard.splice(0), ['a', 'b', 'a', 'c'])
  backend.read('b')
  t.strictSame(heard, [], 'reading changes nothing')
  elsewhere.touch('c', record('c', { expiresAt: 6_000 }))
  clock.now = 2_000
  elsewhere.read('b')
  elsewhere.removeAll()
  bind('admin').write('d', record('d'))
  t.strictSame(heard.splice(0), ['c', 'b', null])
  t.equal(watch.isLive, true)
})
