import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { EndSignals, type WatchedSessions } from '../../lib/store/end-signals.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { Gate, settled, stayAlive } from '../helpers/gate.ts'
import { newRecord } from '../helpers/records.ts'

/** Signals of sessions that a test steers by hand. */
function createSignals (t: Test, given: Partial<WatchedSessions> = {}) {
  const asked: string[] = []
  const questions = { count: 0, closed: 0 }
  let tell: (key: string | null) => void = () => {}
  const signals = new EndSignals({
    now: () => 0,
    standing: record => {
      asked.push(record.id)
      return record
    },
    deadline: () => Infinity,
    keysOf: () => [],
    watch: listener => {
      tell = listener
      return { get isLive () { questions.count++; return true }, close () { questions.closed++ } }
    },
    ...given
  })
  t.teardown(() => signals.close())
  const give = (id: string, owner: object = {}, expiresAt?: number) => {
    return signals.give(id, newRecord({ id, ...(expiresAt !== undefined && { expiresAt }) }), owner)
  }
  return { signals, asked, questions, give, tell: (key: string | null) => { tell(key) } }
}

t.test('a report is about the sessions of its key, and null about all', async t => {
  const { asked, give, tell } = createSignals(t)
  for (const id of ['a', 'b', 'b']) give(id)
  tell('b')
  await settled()
  t.strictSame(asked, ['b', 'b'])
  tell('nobody')
  tell(null)
  await settled()
  t.strictSame(asked, ['b', 'b', 'a', 'b', 'b'])
})

t.test('a session has further keys where its record says so', async t => {
  const { asked, give, tell } = createSignals(t, { keysOf: ({ id }) => [`key of ${id}`] })
  give('a')
  tell('key of a')
  await settled()
  t.strictSame(asked, ['a'])
})

t.test('a session that is not stored is not looked at, until it is', async t => {
  const { signals, asked, tell } = createSignals(t)
  signals.give('a', null, {})
  tell('a')
  await settled()
  t.strictSame(asked, [])
  signals.stored(newRecord({ id: 'a', expiresAt: 1 }))
  tell('a')
  await settled()
  t.strictSame(asked, ['a'])
})

t.test('a tombstone, and a record that is over, end the session', async t => {
  const { signals, give } = createSignals(t)
  const [one, two] = [give('a'), give('b')]
  signals.stored(newRecord({ id: 'a', data: '' }))
  signals.stored(newRecord({ id: 'b', expiresAt: 0 }))
  t.ok(one.signal.aborted)
  t.ok(two.signal.aborted)
  t.equal(signals.size, 0)
})

t.test('where the store does not answer, the session is looked at again later', async t => {
  stayAlive(t)
  const clock = { now: 0 }
  let answer: () => SessionRecord | null = () => { throw new Error('down') }
  let looks = 0
  const { give, tell } = createSignals(t, { now: () => clock.now, standing: () => { looks++; return answer() } })
  const { signal } = give('a')
  tell('a')
  await settled()
  t.equal(looks, 1)
  t.notOk(signal.aborted)
  answer = () => null
  clock.now = 6_000
  await once(signal, 'abort')
  t.equal(looks, 2)
})

t.test('a signal that was let go is not aborted by an answer that comes later', async t => {
  const gate = new Gate()
  const { signals, give, tell } = createSignals(t, { standing: async () => { await gate.pass(); return null } })
  const { signal, release } = give('a')
  tell('a')
  await gate.reached
  release()
  gate.open()
  await settled()
  t.notOk(signal.aborted)
  t.equal(signals.size, 0)
})

t.test('a report during a look leads to a second look', async t => {
  const gate = new Gate()
  let looks = 0
  const { give, tell } = createSignals(t, { standing: async record => { looks++; await gate.pass(); return record } })
  give('a')
  tell('a')
  await gate.reached
  tell('a')
  gate.open()
  await settled()
  t.equal(looks, 2)
})

t.test('many sessions are looked at a few at a time', async t => {
  let most = 0
  let running = 0
  const { give, tell } = createSignals(t, {
    standing: async record => {
      most = Math.max(most, ++running)
      await settled()
      running--
      return record
    }
  })
  for (let n = 0; n < 120; n++) give(`session ${n}`)
  tell(null)
  for (let n = 0; n < 10; n++) await settled()
  t.equal(running, 0)
  t.equal(most, 50)
})

t.test('while there are signals, the line to the store is kept alive by asking', async t => {
  const { give, questions } = createSignals(t)
  const owner = {}
  give('a', owner)
  while (questions.count === 0) await new Promise(resolve => { setImmediate(resolve) })
  t.ok(owner)
})

t.test('close() ends the watch and aborts nothing', async t => {
  const { signals, questions, give } = createSignals(t)
  const { signal } = give('a')
  await signals.close()
  await signals.close()
  t.equal(questions.closed, 1)
  t.notOk(signal.aborted)
  t.equal(signals.size, 0)
})

t.test('close() has nothing to end where nobody asked, or the store cannot watch', async t => {
  const { signals, questions } = createSignals(t)
  await signals.close()
  t.equal(questions.closed, 0)
  const blind = createSignals(t, { watch: () => null })
  blind.give('a')
  await blind.signals.close()
  t.equal(blind.signals.size, 0)
})

t.test('a session object that is collected leaves its signal only where somebody listens', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const { signals, give } = createSignals(t)
  const listened = give('listened')
  listened.signal.addEventListener('abort', () => {})
  for (let n = 0; n < 1_000; n++) give(`session ${n}`)
  t.equal(signals.size, 1_001)
  while (signals.size > 1) {
    gc()
    await settled()
  }
  signals.ended('listened')
  t.ok(listened.signal.aborted)
})

t.test('a signal that was let go keeps nothing alive that its listeners hold', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const { signals, give } = createSignals(t)
  const begin = (): WeakRef<object> => {
    const owner = {}
    const { signal, release } = give('a', owner)
    signal.addEventListener('abort', () => owner)
    release()
    return new WeakRef(owner)
  }
  const owner = begin()
  // To look at a weak reference keeps its object until the end of the job.
  for (let tries = 0; tries < 3; tries++) {
    await settled()
    gc()
  }
  t.equal(owner.deref(), undefined)
  t.equal(signals.size, 0)
})

t.test('of several signals each has its own deadline', async t => {
  stayAlive(t)
  const clock = { now: 0 }
  const { give } = createSignals(t, { now: () => clock.now, deadline: ({ expiresAt }) => expiresAt % 1_000, standing: () => null })
  const owner = {}
  const [early, late] = [500, 900].map(ms => give(`due at ${ms}`, owner, ms))
  clock.now = 600
  await once(early!.signal, 'abort')
  t.notOk(late!.signal.aborted)
  clock.now = 900
  await once(late!.signal, 'abort')
})
