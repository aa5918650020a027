import t from 'tap'
import { CookieBackend, MemoryBackend, type SessionBackend } from '../../../lib/index.ts'
import { fromExpressStore } from '../../../lib/express-store.ts'
import { moveOn } from '../../../lib/backends/migrating/move.ts'
import { MigratingBackend } from '../../../lib/migrate.ts'
import { tombstone } from '../../../lib/record/record.ts'
import { createProcess } from '../../helpers/processes.ts'
import { contextOf } from '../../helpers/databases.ts'
import { newStore, nodeOf } from '../../helpers/migrations.ts'
import { MinimalBackend } from '../../helpers/minimal-backend.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { HOUR_MS, START } from '../../helpers/times.ts'

const INVALID = { code: 'SES_INVALID_OPTIONS' }

t.test('a step of a move does what is missing, whatever is there', async t => {
  const now = () => START
  const record = newRecord({}, START)
  const [old, next] = [newStore(), newStore()]
  await moveOn({ old, next, moves: true, now }, record.id, { old: null, next: null }, undefined)
  t.match(await old.read(record.id), { data: '', meta: { moved: 0 } }, 'the id is claimed')

  const stores = { old: newStore(), next: new MinimalBackend(), moves: true, now }
  await stores.old.write(record.id, record, 0)
  const whereabouts = async () => ({ old: await stores.old.read(record.id), next: stores.next.read(record.id) })
  await moveOn(stores, record.id, await whereabouts(), undefined)
  await stores.old.touch(record.id, { ...record, lastAccessedAt: START + 1, expiresAt: record.expiresAt + 1 })
  await moveOn(stores, record.id, await whereabouts(), undefined)
  t.match(await stores.old.read(record.id), { data: '', meta: { moved: stores.next.read(record.id)!.version } }, 'without touch a renewal is no reason to wait')
})

t.test('a session that the new store bars without having ended it is listed where it is', async t => {
  const [old, next] = [newStore(), newStore()]
  const [barred, ended] = [newRecord({}, START), newRecord({}, START)]
  for (const record of [barred, ended]) await old.write(record.id, record, 0)
  await next.write(barred.id, tombstone(barred.id, START), 0)
  await next.write(ended.id, tombstone(ended.id, START, { moved: 0 }), 0)
  const { sessions } = await nodeOf(2, old, next).list!({})
  t.strictSame(sessions.map(({ id }) => id), [barred.id])
})

t.test('what cannot move is refused, and the message says what can', async t => {
  const [memory, other] = [new MemoryBackend(), new MemoryBackend()]
  const make = (current: unknown, options: unknown) => () => new MigratingBackend(current as SessionBackend, options as { from: SessionBackend })
  t.throws(make(memory, {}), { ...INVALID, message: /`also` \(step one\) or `from` \(step two\)/ })
  t.throws(make(memory, { also: other, from: other }), INVALID)
  t.throws(make(memory, undefined), INVALID)
  t.throws(make(memory, { fromm: other }), { ...INVALID, message: /`options\.from`/ })
  t.throws(make(memory, { from: memory }), { ...INVALID, message: /cannot move to itself/ })
  t.throws(make({}, { from: memory }), { ...INVALID, message: /`current`/ })
  t.throws(make(memory, { also: {} }), { ...INVALID, message: /`options\.also`/ })
  const layout = fromExpressStore({ get () {}, set () {}, destroy () {} }, { layout: { cookieSecret: 'x'.repeat(32) } })
  t.throws(make(memory, { from: layout }), { ...INVALID, message: /ids of Express: move in with `migrateFrom`/ })
  t.throws(make(memory, { from: new MigratingBackend(other, { also: new MemoryBackend() }) }), { ...INVALID, message: /finish one move first/ })
  t.throws(make(memory, { from: new CookieBackend() }), { ...INVALID, message: /migrateFrom/ })
  t.throws(make(new CookieBackend(), { also: memory }), { ...INVALID, message: /migrateFrom/ })
})

t.test('it can what both backends can, and is atomic where both are', async t => {
  const both = new MigratingBackend(new MemoryBackend(), { from: new MemoryBackend() })
  const one = new MigratingBackend(new MemoryBackend(), { from: new MinimalBackend() })
  const names = ['touch', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel'] as const
  t.strictSame(names.filter(name => both[name] === undefined), [])
  t.strictSame(names.filter(name => one[name] !== undefined), [])
  t.strictSame([both.atomic, one.atomic, both.serverOf], [true, false, undefined])
})

t.test('both backends are prepared, closed, and named', async t => {
  const calls: string[] = []
  const fleet = (name: string, server: string | null) => Object.assign(new MinimalBackend(), {
    serverOf: () => server, prepare: () => { calls.push(`prepare ${name}`) }, close: () => { calls.push(`close ${name}`) }
  })
  const backend = new MigratingBackend(fleet('next', 'n1'), { from: fleet('old', 'o1') }).bind(contextOf())
  await backend.prepare()
  await backend.close()
  t.strictSame(calls.sort(), ['close next', 'close old', 'prepare next', 'prepare old'])
  t.equal(backend.serverOf('id'), 'o1, n1')
  t.equal(new MigratingBackend(fleet('next', null), { from: new MinimalBackend() }).serverOf('id'), null)
})

t.test('a session signs in, is written and ends while nodes of both steps serve it', async t => {
  const [old, next] = [new MemoryBackend(), new MemoryBackend()]
  const before = await createProcess(t, new MigratingBackend(old, { also: next }))
  const after = await createProcess(t, new MigratingBackend(next, { from: old }))
  const { cookie, id } = await before.app.sessions.create({ n: 0 }, { subject: 'alice', labels: ['x'] })
  for (const [n, { request }] of [before, after, before, after].entries()) {
    t.equal((await request(cookie, session => session.transaction((data: { n: number }) => ++data.n))).body.result, n + 1)
  }
  t.equal(await before.app.sessions.count({ subject: 'alice' }), 1)
  t.strictSame((await after.app.sessions.list({ label: 'x' })).sessions.map(session => session.id), [id])
  t.equal(await before.app.sessions.revokeSubject('alice'), 1)
  for (const { request } of [before, after]) t.equal((await request(cookie, session => session.endedBecause)).body.result, 'revoked')
})

t.test('a limit of sessions holds over nodes of both steps', async t => {
  const [old, next] = [new MemoryBackend(), new MemoryBackend()]
  const options = { maxSessionsPerSubject: 2 }
  const before = await createProcess(t, new MigratingBackend(old, { also: next }), options)
  const after = await createProcess(t, new MigratingBackend(next, { from: old }), options)
  await Promise.all([before, after, before, after, after].map(({ app }) => app.sessions.create({ n: 1 }, { subject: 'alice' })))
  for (const { app } of [before, after]) t.equal((await app.sessions.list({ subject: 'alice' })).sessions.length, 2)
})

t.test('expired sessions go from both stores, up to the limit', async t => {
  const clock = { now: START }
  const now = () => clock.now
  const [old, next] = [newStore(now), newStore(now)]
  const fill = (): void => {
    for (const store of [old, old, next, next]) {
      const record = newRecord({}, clock.now)
      store.write(record.id, record, 0)
    }
    clock.now += HOUR_MS
  }
  const node = nodeOf(2, old, next, now)
  fill()
  t.strictSame([await node.removeExpired({ limit: 1 }), await node.removeExpired({ limit: 2 }), await node.removeExpired({})], [1, 2, 1])
})

t.test('a listing goes through both stores page by page, whatever the cursor', async t => {
  const [old, next] = [newStore(), newStore()]
  for (const store of [old, old, old, next, next]) {
    const record = newRecord({}, START)
    store.write(record.id, record, 0)
  }
  for (const limit of [1, 2, 3, 4, 100]) {
    const ids: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await nodeOf(2, old, next).list({ limit, ...(cursor !== undefined && { cursor }) })
      ids.push(...page.sessions.map(({ id }) => id))
      cursor = page.cursor
    }
    t.equal(new Set(ids).size, 5, `limit ${limit}`)
    t.equal(ids.length, 5)
  }
})

t.test('a session that was copied past it counts where it was copied to, and ends in both stores', async t => {
  const [old, next] = [newStore(), newStore()]
  const record = newRecord({}, START)
  for (const store of [old, next]) store.write(record.id, record, 0)
  const node = nodeOf(2, old, next)
  t.equal((await node.list({})).sessions.length, 1)
  t.equal(await node.write(record.id, nextOf(record, { data: '', expiresAt: 0 }), record.version), record.id)
  t.equal(await node.read(record.id), null)
  t.strictSame([old.read(record.id)?.data, (await node.list({})).sessions], ['', []])
})

t.test('what has ended refuses a stale copy for an hour, also what was removed', async t => {
  const [old, next] = [newStore(), newStore()]
  const record = newRecord({}, START)
  old.write(record.id, record, 0)
  const node = nodeOf(2, old, next)
  await node.remove(record.id)
  t.not(next.write(record.id, record, 0), record.id)
  t.strictSame([await node.read(record.id), await nodeOf(1, old, next).read(record.id)], [null, null])
  await node.remove(record.id)
  t.equal(await node.read(record.id), null)
})

t.test('what is no record is removed from both stores', async t => {
  const [old, next] = [new MinimalBackend(), new MinimalBackend()]
  for (const store of [old, next]) store.records.set('x', 'garbage' as never)
  await nodeOf(2, old, next).remove('x')
  t.strictSame([old.read('x'), next.read('x')], [null, null])
})

t.test('a store that answers that nothing came to pass, again and again, is unavailable', async t => {
  const stubborn: SessionBackend = { ...methodsOf(newStore()), write: () => null, touch: () => null }
  const record = newRecord({}, START)
  const node = nodeOf(1, stubborn, newStore())
  await t.rejects(node.write(record.id, record), { code: 'SES_BACKEND_UNAVAILABLE' })
  Object.assign(stubborn, { read: () => record })
  await t.rejects(node.touch(record.id, record), { code: 'SES_BACKEND_UNAVAILABLE' })
})

t.test('a renewal finds a session whose move was interrupted, and keeps the copy alive', async t => {
  const clock = { now: START }
  const now = () => clock.now
  const [old, next] = [newStore(now), newStore(now)]
  const record = newRecord({}, START)
  old.write(record.id, record, 0)
  // The node dies before its own write.
  const write: SessionBackend['write'] = (id, made, expected) => {
    if (made.data === '{"n":2}' && next.read(id!) !== null) throw new Error('the process has died')
    return next.write(id!, made, expected)
  }
  const dying = nodeOf(2, old, { ...methodsOf(next), write }, now)
  await t.rejects(async () => { await dying.write(record.id, nextOf(record, { data: '{"n":2}' }), record.version) })
  for (let hours = 0; hours < 5; hours++) {
    for (const step of [1, 2] as const) {
      const renewed = { ...record, lastAccessedAt: clock.now, expiresAt: clock.now + HOUR_MS }
      t.equal(await nodeOf(step, old, next, now).touch(record.id, renewed), true)
      t.equal((await nodeOf(step, old, next, now).read(record.id))?.expiresAt, renewed.expiresAt)
    }
    clock.now += HOUR_MS - 1
  }
  t.equal((await nodeOf(2, old, next, now).list({})).sessions[0]?.version, record.version)
})

function methodsOf (store: MemoryBackend): SessionBackend {
  const names = ['read', 'write', 'remove', 'touch', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel'] as const
  const methods = names.map(name => [name, (store[name] as (...args: unknown[]) => unknown).bind(store)])
  return { ...Object.fromEntries(methods), atomic: true } as SessionBackend
}
