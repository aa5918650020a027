import t, { type Test } from 'tap'
import { MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createProcess } from '../helpers/processes.ts'
import { silentBackend } from '../helpers/silent-backend.ts'

/** A process, and a rival process that writes right before each of the first `times` writes of the first process. */
async function rivals (t: Test, times: number, inner: SessionBackend = new MemoryBackend()) {
  const gate = new FaultyBackend(inner)
  const [first, second] = [await createProcess(t, gate), await createProcess(t, inner)]
  const { id, cookie } = await second.app.sessions.create({ a: 1 })
  let n = 0
  gate.before('write', async () => {
    if (n++ < times) await second.request(cookie, session => { session.rival = n })
  })
  const commit = () => first.request(cookie, session => { session.mine = 1 })
  const newId = () => first.request(cookie, async session => { await session.regenerateId(); return { id: session.id, rival: session.rival } })
  const calls = (name: string) => gate.calls.filter(({ operation }) => operation === name).length
  return { commit, newId, calls, data: async () => (await second.app.sessions.get(id))?.data }
}

/** Records all pauses of up to `most` milliseconds, and cuts them to nothing. Math.random() is at its greatest. */
function recordPauses (t: Test, most: number): number[] {
  const pauses: number[] = []
  const { setTimeout } = globalThis
  const { random } = Math
  t.teardown(() => {
    Object.assign(globalThis, { setTimeout })
    Math.random = random
  })
  Math.random = () => 1
  Object.assign(globalThis, {
    setTimeout (callback: () => void, ms: number) {
      if (ms > most) return setTimeout(callback, ms)
      pauses.push(ms)
      return setTimeout(callback, 0)
    }
  })
  return pauses
}

t.test('the tenth try may be the one that succeeds', async t => {
  const { commit, calls, data } = await rivals(t, 9)
  t.equal((await commit()).status, 200)
  t.equal(calls('write'), 10)
  t.strictSame(await data(), { a: 1, rival: 9, mine: 1 })
})

t.test('after ten tries it is a 409 that says so', async t => {
  const { commit, calls } = await rivals(t, Infinity)
  const { status, body } = await commit()
  t.match({ status, message: body.message }, { status: 409, message: /10 tries were not enough/ })
  t.equal(calls('write'), 10)
})

t.test('a first conflict is tried again at once, those after it wait longer and longer, a tenth of a second at most', async t => {
  const pauses = recordPauses(t, 1_000)
  const { commit } = await rivals(t, 9)
  t.equal((await commit()).status, 200)
  t.strictSame(pauses, [8, 16, 32, 64, 100, 100, 100, 100])
})

t.test('the waits are random, so that those who collide come apart', async t => {
  const pauses = recordPauses(t, 1_000)
  Math.random = () => 0.25
  const { commit } = await rivals(t, 3)
  t.equal((await commit()).status, 200)
  t.strictSame(pauses, [2, 4])
})

t.test('a backend that answers a conflict with the record that stands is not read again', async t => {
  const { commit, calls } = await rivals(t, 2)
  t.equal((await commit()).status, 200)
  t.strictSame([calls('read'), calls('write')], [1, 3])
})

t.test('a backend that answers a conflict with null is read again, and no change is lost', async t => {
  const { commit, calls, data } = await rivals(t, 2, silentBackend())
  t.equal((await commit()).status, 200)
  t.strictSame([calls('read'), calls('write')], [3, 3])
  t.strictSame(await data(), { a: 1, rival: 2, mine: 1 })
})

t.test('a new id is tried a hundred times, at once and without a read, and takes every write that came first along', async t => {
  const pauses = recordPauses(t, 100)
  // The first of them comes before the new record, the others before each try to end the old one.
  const { newId, calls, data } = await rivals(t, 100)
  const { status, body } = await newId()
  t.match({ status, rival: body.result.rival }, { status: 200, rival: 100 })
  t.equal(calls('write'), 102, 'the new record, a hundred tries, and the new record with what was written meanwhile')
  t.equal(calls('read'), 1)
  t.strictSame(pauses, [])
  t.equal(await data(), undefined, 'the old id is dead')
})
