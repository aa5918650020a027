import t from 'tap'
import { MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { createProcess } from '../helpers/processes.ts'

t.test('a backend of three methods works, with what it can promise', async t => {
  const backend = new MinimalBackend()
  const { request } = await createProcess(t, backend)
  const { cookies } = await request(undefined, session => { session.a = 1 })
  const cookie = cookies[0]!.split(';')[0]!
  await request(cookie, session => { session.b = 2 })
  t.strictSame((await request(cookie, session => ({ ...session }))).body.result, { a: 1, b: 2 })
  const regenerated = await request(cookie, session => session.regenerateId())
  const next = regenerated.cookies[0]!.split(';')[0]!
  t.equal((await request(cookie, session => session.isNew)).body.result, true, 'the old id is dead')
  t.strictSame((await request(next, session => ({ ...session }))).body.result, { a: 1, b: 2 })
  t.equal((await request(next, session => session.transaction(() => {}))).body.code, 'SES_NOT_SUPPORTED')
  await request(next, session => session.destroy())
  t.equal((await request(next, session => session.isNew)).body.result, true)
})

t.test('a backend that does not compare is asked again right before the write', async t => {
  const backend = new FaultyBackend(new MinimalBackend())
  const { app, request } = await createProcess(t, backend)
  const other = await createProcess(t, backend)
  const { id, cookie } = await app.sessions.create({ a: 1 })
  await request(cookie, async session => {
    session.mine = 1
    await other.request(cookie, session => { session.other = 1 })
  })
  t.strictSame((await app.sessions.get(id))?.data, { a: 1, other: 1, mine: 1 })
  const gone = await request(cookie, async session => {
    session.late = 1
    await other.request(cookie, session => session.destroy())
  })
  t.equal(gone.status, 200)
  t.equal(await app.sessions.get(id), null)
})

t.test('a deadline is checked whatever the backend does about expiry', async t => {
  let now = Date.UTC(2027, 0, 1)
  const { app, request } = await createProcess(t, new MinimalBackend(), { idleTimeout: 60, now: () => now })
  const { id, cookie } = await app.sessions.create({ a: 1 })
  now += 60_000
  t.equal((await request(cookie, session => session.isNew)).body.result, true)
  t.equal(await app.sessions.get(id), null)
})

for (const [name, answer] of [['a number', 1], ['undefined', undefined], ['null for a new session', null], ['another id', 'f'.repeat(64)], ['an object', {}]] as const) {
  t.test(`a write that returns ${name} is a BackendContractError, and hands out no cookie`, async t => {
    const backend: SessionBackend = { read: () => null, write: () => answer as never, remove: () => {} }
    const { request } = await createProcess(t, backend)
    const { status, body, cookies } = await request(undefined, session => { session.a = 1 })
    t.match({ status, code: body.code, cookies }, { status: 500, code: 'SES_BACKEND_CONTRACT', cookies: [] })
  })
}

t.test('a write of an atomic backend that returns nonsense is a BackendContractError', async t => {
  const { request } = await createProcess(t, { atomic: true, read: () => null, write: () => ({}) as never, remove: () => {} })
  const { status, body } = await request(undefined, session => { session.a = 1 })
  t.match({ status, code: body.code }, { status: 500, code: 'SES_BACKEND_CONTRACT' })
})

for (const [name, answer] of [['text', 'session'], ['an array', []], ['a record without a version', { id: 'x', data: '{}' }], ['another session\'s record', 'swapped']] as const) {
  t.test(`a read that answers with ${name} is no session`, async t => {
    const memory = new MinimalBackend()
    const { app, request } = await createProcess(t, {
      read: async id => answer === 'swapped' ? [...memory.records.values()].find(record => record.id !== id)! : answer as never,
      write: (id, record) => memory.write(id!, record),
      remove: id => memory.remove(id)
    })
    const { cookie } = await app.sessions.create({ a: 1 })
    await app.sessions.create({ b: 1 })
    t.match(await request(cookie, session => session.isNew), { status: 200, body: { result: true } })
  })
}

t.test('an id that is taken is not taken over: the session gets another one', async t => {
  const taken: string[] = []
  const memory = new MemoryBackend()
  const backend = new FaultyBackend(memory)
  const { app, request } = await createProcess(t, backend)
  backend.before('write', async ({ id }) => {
    backend.heal()
    taken.push(id!)
    // The session of a different user, under the very id that was drawn.
    const now = Date.now()
    await backend.write(id, { id: id!, version: 1, data: '{"whose":"theirs"}', schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + 60_000, subject: null, policy: null, meta: null })
  })
  const { status, body, cookies } = await request(undefined, async session => {
    session.whose = 'mine'
    await session.save()
    return session.id
  })
  t.equal(status, 200)
  t.not(body.result, taken[0])
  t.strictSame((await app.sessions.get(taken[0]!))?.data, { whose: 'theirs' })
  const cookie = cookies[0]!.split(';')[0]!
  t.equal((await request(cookie, session => session.whose)).body.result, 'mine')
})

t.test('when three ids are taken it is 409, and says that none is free', async t => {
  const asked = new Set<string>()
  const write = (id: string | null) => { asked.add(id!); return null }
  const { request } = await createProcess(t, { atomic: true, read: () => null, write, remove: () => {} })
  const { body } = await request(undefined, session => { session.a = 1 })
  t.match(body, { code: 'SES_CONFLICT', message: /no free id was found/ })
  t.equal(asked.size, 3)
})

t.test('a commit that hangs ends after the timeout with 503, and the next one works', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const { app, request } = await createProcess(t, backend, { timeout: 0.02 })
  const { id, cookie } = await app.sessions.create({ a: 1 })
  backend.hang('write')
  const [first, second] = await Promise.all([
    request(cookie, session => { session.b = 1 }),
    request(cookie, session => { session.c = 1 })
  ])
  t.match([first, second], [{ status: 503, cookies: [] }, { status: 503, cookies: [] }])
  t.equal(first.headers['retry-after'], '5')
  backend.heal()
  t.equal((await request(cookie, session => { session.d = 1 })).status, 200)
  t.strictSame((await app.sessions.get(id))?.data, { a: 1, d: 1 })
})

for (const [name, answer] of [['nothing', null], ['text that fits no cookie', 'a b']] as const) {
  t.test(`a self-contained backend whose write returns ${name} is a BackendContractError`, async t => {
    const { request } = await createProcess(t, { selfContained: true, read: () => null, write: () => answer, remove: () => {} })
    t.match(await request(undefined, session => { session.a = 1 }), { status: 500, body: { code: 'SES_BACKEND_CONTRACT' }, cookies: [] })
  })
}

t.test('a backend that answers a write with the very record that was written has stored it', async t => {
  const { request } = await createProcess(t, { atomic: true, read: () => null, write: (_id, record) => ({ ...record }), remove: () => {} })
  t.match(await request(undefined, session => { session.a = 1 }), { status: 200, cookies: [/^__Host-session=.{43};/] })
})

t.test('a backend without a class is named all the same', async t => {
  const backend: SessionBackend = Object.assign(Object.create(null), { read: () => null, write: () => { throw new Error('full') }, remove: () => {} })
  const { request } = await createProcess(t, backend)
  t.match(await request(undefined, async session => {
    session.a = 1
    await t.rejects(session.save(), { code: 'SES_BACKEND_UNAVAILABLE', detail: 'The backend failed to write a session' })
  }), { status: 503, body: { message: 'Sessions are unavailable for the moment' } })
})
