import t, { type Test } from 'tap'
import { SessionTooLargeError } from '../../lib/errors.ts'
import { MemoryBackend, type SessionOptions } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { collectEvents } from '../helpers/app.ts'
import { Gate, settled } from '../helpers/gate.ts'
import { createProcess, type Work } from '../helpers/processes.ts'

// Commits of a session that wait behind a running commit in the same process are stored by a single write (group commit).

/**
 * A session, and `queue(works)`: requests that have all read the session and commit in this order. The first write is held
 * until all other requests wait.
 *
 * @param onWrite runs before the nth write, and may throw to let the write fail
 */
async function line (t: Test, options: SessionOptions = {}, onWrite: (nth: number) => unknown = () => {}) {
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const process = await createProcess(t, backend, options)
  const { id, cookie } = await process.app.sessions.create({ x: 1 })
  backend.calls.length = 0
  const held = new Gate()
  let nth = 0
  backend.before('write', async () => {
    if (++nth === 1) await held.opened
    await onWrite(nth)
  })
  async function queue (works: readonly Work[]) {
    const results = []
    for (const work of works) {
      results.push(process.request(cookie, work))
      await settled()
    }
    held.open()
    return await Promise.all(results)
  }
  const writes = () => backend.calls.filter(({ operation }) => operation === 'write').length
  const data = async () => (await process.app.sessions.get(id))?.data ?? null
  return { memory, backend, process, id, cookie, queue, writes, data }
}

const statuses = (answers: ReadonlyArray<{ status: number }>) => answers.map(({ status }) => status).join(' ')

t.test('commits that wait are written together', async t => {
  const { queue, writes, data } = await line(t)
  const answers = await queue(Array.from({ length: 20 }, (_, n) => session => { session[`key${n}`] = n }))
  t.equal(writes(), 2)
  t.equal(Object.keys((await data())!).length, 21)
  t.ok(answers.every(({ status }) => status === 200))
})

t.test('commits of a large session are written in groups, so that merging them holds up nobody', async t => {
  const { queue, writes, data } = await line(t)
  const grow = (session: any) => { session.large = 'x'.repeat(300_000) }
  const answers = await queue([grow, ...Array.from({ length: 20 }, (_, n) => (session: any) => { session[`key${n}`] = n })])
  t.equal(writes(), 4, 'the large value, and then seven commits in each write')
  t.equal(Object.keys((await data())!).length, 22)
  t.ok(answers.every(({ status }) => status === 200))
})

t.test('the last one in the queue wins a key that several change', async t => {
  const { queue, data } = await line(t)
  await queue([1, 2, 3, 4].map(n => session => { session.key = n }))
  t.strictSame(await data(), { x: 1, key: 4 })
})

t.test('a transaction sees what stands before it, and takes along what waits behind it', async t => {
  const { queue, writes, data } = await line(t)
  await queue([
    session => { session.a = 1 },
    session => { session.b = 2 },
    session => session.transaction((data: Record<string, unknown>) => { data['seen'] = Object.keys(data).join('') }),
    session => { session.c = 3 }
  ])
  t.strictSame(await data(), { x: 1, a: 1, b: 2, seen: 'xab', c: 3 })
  t.equal(writes(), 3)
})

t.test('a logout passes the commits that wait, and they find the session gone', async t => {
  const { queue, data } = await line(t)
  const answers = await queue([
    session => { session.a = 1 },
    session => { session.b = 2 },
    async session => {
      session.d = 4
      await session.save()
    },
    session => session.destroy()
  ])
  t.equal(statuses(answers), '200 200 409 200')
  t.equal(await data(), null)
})

t.test('one that empties the session is a turn of its own', async t => {
  const { queue, data } = await line(t)
  const answers = await queue([
    session => { session.a = 1 },
    session => { session.b = 2 },
    session => { session.clear() },
    session => { session.c = 3 }
  ])
  t.equal(statuses(answers), '200 200 200 200')
  t.equal(await data(), null, 'it was removed, and what came behind did not bring it back')
})

t.test('one whose changes do not fit the others gets the error itself', async t => {
  const schema = { type: 'object', maxProperties: 3 }
  const { queue, data } = await line(t, { schema })
  const answers = await queue(['a', 'b', 'c'].map(key => session => { session[key] = true }))
  t.equal(statuses(answers), '200 200 409')
  t.strictSame(await data(), { x: 1, a: true, b: true })
})

t.test('where conflicts are errors, those that wait get theirs', async t => {
  const { queue, data } = await line(t, { onConflict: 'error' })
  const answers = await queue(['a', 'b', 'c'].map(key => session => { session[key] = true }))
  t.equal(statuses(answers), '200 409 409')
  t.strictSame(await data(), { x: 1, a: true })
})

t.test('what is too large together is written one by one, and only what does not fit is refused', async t => {
  const { backend, process, cookie, queue, data } = await line(t)
  let tries = 0
  const write = backend.write.bind(backend)
  backend.write = async (id, record, ...rest) => {
    tries++
    if (record.data.length > 260) throw new SessionTooLargeError(record.data.length, 260, [])
    return await write(id, record, ...rest)
  }
  const answers = await queue(['a', 'b', 'c', 'd'].map(key => session => { session[key] = key.repeat(key === 'c' ? 200 : 70) }))
  t.equal(statuses(answers), '200 200 500 200')
  t.equal(Object.keys((await data())!).join(''), 'xabd')
  t.equal(tries, 7, 'a; b with the others, b; c with d, c; d, which knows nothing from c, and again')
  await process.request(cookie, session => { session.e = 'e'.repeat(200) })
  t.equal(tries, 8, 'one that is alone is not tried again')
})

t.test('a write that fails fails for the first of them only', async t => {
  const { queue, data } = await line(t, {}, nth => { if (nth === 2) throw new Error('failed on purpose') })
  const answers = await queue(['a', 'b', 'c', 'd'].map(key => session => { session[key] = true }))
  t.equal(statuses(answers), '200 503 200 200')
  t.strictSame(await data(), { x: 1, a: true, c: true, d: true })
})

t.test('what another process wrote meanwhile is kept, and what waits is merged with it', async t => {
  const { memory, cookie, queue, data } = await line(t, {}, async nth => {
    if (nth === 2) await other.request(cookie, session => { session.other = true })
  })
  const other = await createProcess(t, memory)
  await queue(['a', 'b', 'c'].map(key => session => { session[key] = true }))
  t.strictSame(await data(), { x: 1, a: true, b: true, c: true, other: true })
})

t.test('when another process ends the session meanwhile, all that wait are told', async t => {
  const { memory, backend, id, queue, data } = await line(t, {}, async nth => { if (nth === 2) await other.app.sessions.revoke(id) })
  const other = await createProcess(t, memory)
  const saving = (key: string): Work => async session => {
    session[key] = true
    await session.save()
  }
  t.equal(statuses(await queue(['a', 'b', 'c', 'd'].map(saving))), '200 409 409 409')
  const operations = backend.calls.map(({ operation }) => operation)
  t.equal(operations.filter(operation => operation === 'write').length, 2, 'who waits behind one that found it gone need not ask')
  t.equal(await data(), null)
})

t.test('one that ends the session by the lifetime it sets takes nobody along', async t => {
  const events = collectEvents(t)
  const clock = { now: 1_000_000 }
  const { queue, data } = await line(t, { now: () => clock.now })
  clock.now += 2 * 3_600_000
  const answers = await queue([
    session => { session.a = 1 },
    session => { session.b = 2 },
    session => { session.setLifetime({ absoluteTimeout: '2h' }) },
    session => { session.c = 3 }
  ])
  t.equal(statuses(answers), '200 200 200 200')
  t.strictSame(events.map(({ type, reason }) => `${type} ${reason}`).slice(-3), ['saved null', 'destroyed lifetime', 'conflict gone'])
  t.equal(await data(), null)
})

t.test('however many wait, none is lost', async t => {
  const { backend, id, queue } = await line(t, {}, async () => { sizes.push(await size()) })
  const size = async () => Object.keys(JSON.parse((await backend.read(id))!.data)).length - 1
  const sizes: number[] = []
  await queue(Array.from({ length: 250 }, (_, n) => session => { session[`key${n}`] = n }))
  t.strictSame([...sizes, await size()], [0, 1, 102, 203, 250], 'one alone, and 101, 101 and 47 together')
})

t.test('a session that goes on in its handler shows what the others stored with it', async t => {
  const { queue, data } = await line(t)
  const shown: string[] = []
  const saving = (key: string): Work => async session => {
    session[key] = true
    await session.save()
    shown.push(Object.keys(session).sort().join(''))
    session[key] = 'again'
  }
  await queue(['a', 'b', 'c'].map(saving))
  t.strictSame(shown, ['ax', 'abcx', 'abcx'])
  t.strictSame(await data(), { x: 1, a: 'again', b: 'again', c: 'again' })
})

t.test('a lifetime that one of them sets holds for the session, and those stored along get the cookie for it', async t => {
  const { queue, process, id } = await line(t)
  const answers = await queue([
    session => { session.a = 1 },
    session => { session.b = 1 },
    session => { session.setLifetime({ idleTimeout: '1h', persistent: true }) }
  ])
  t.strictSame(answers.map(({ cookies }) => cookies.length), [0, 1, 1])
  for (const { cookies: [line] } of answers.slice(1)) t.match(line, /Max-Age=3600/)
  const stored = await process.app.sessions.get(id)
  t.strictSame(stored!.data, { x: 1, a: 1, b: 1 })
  t.equal(Math.round((stored!.expiresAt.getTime() - stored!.lastAccessedAt.getTime()) / 1_000), 3_600)
})
