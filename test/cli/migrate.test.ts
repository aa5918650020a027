import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { SessionBackend, SessionOptions, SessionRecord } from '../../types/index.d.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { cli, configOf, ONE_LINE } from '../helpers/cli.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { newRecord, nextOf } from '../helpers/records.ts'
import { HOUR_MS, START } from '../helpers/times.ts'

type Test = Parameters<typeof createApp>[0]

/** Two stores with their applications, and the command between them. */
async function move (t: Test, options: SessionOptions = {}) {
  const clock = { now: START }
  const [from, to] = [new FaultyBackend(new MemoryBackend()), new FaultyBackend(new MemoryBackend())]
  const optionsOf = (backend: SessionBackend): SessionOptions => ({ now: () => clock.now, ...options, backend })
  const bound = (backend: SessionBackend) => backend.bind!({ property: 'session', now: () => clock.now } as never)
  const paths = ['--from', configOf(t, optionsOf(from)), '--to', configOf(t, optionsOf(to))]
  return {
    clock,
    from,
    to,
    old: (await createApp(t, optionsOf(from))).sessions,
    next: (await createApp(t, optionsOf(to))).sessions,
    source: bound(from),
    target: bound(to),
    migrate: async (...more: string[]) => await cli(['migrate', '--json', ...paths, ...more]),
    paths
  }
}

/** Does something before the next such call about an id. */
function onceBefore (backend: FaultyBackend, operation: 'read' | 'write', id: string, act: () => Promise<void>): void {
  backend.before(operation, async call => {
    if (call.id !== id) return
    backend.before(operation, () => {})
    await act()
  })
}

const copied = (copied: number, more = {}) => ({ copied, alreadyThere: 0, changedInTarget: 0, ended: 0, failed: 0, complete: true, ...more })

t.test('every session is in the target, with the cookie that its browser has', async t => {
  const { old, next, migrate, source, target } = await move(t)
  const made = []
  for (let n = 0; n < 230; n++) made.push(await old.create({ n }, { subject: `user ${n}`, labels: ['acme'] }))
  t.match(await migrate(), { status: 0, err: '', json: copied(230) })
  t.equal(await next.count({ label: 'acme' }), 230)
  for (const { id, cookie } of made.slice(0, 5)) {
    t.equal((await next.open(cookie)).id, id)
    t.strictSame(await target.read(id), await source.read(id))
  }
  t.equal(await old.count(), 230, 'the source keeps its sessions, and lists nothing else')
  t.match(await migrate(), { status: 0, json: copied(0, { alreadyThere: 230 }) })
})

t.test('what has changed in the target is left alone, and what has changed in the source since the copy is copied again', async t => {
  const { old, next, migrate } = await move(t)
  const [a, b, c] = [await old.create({ n: 1 }), await old.create({ n: 1 }), await old.create({ n: 1 })]
  await migrate()
  const change = async (sessions: typeof old, cookie: string, n: number) => await (await sessions.open(cookie)).transaction(data => { (data as any).n = n })
  await change(next, a.cookie, 2)
  await change(old, a.cookie, 3)
  await change(old, b.cookie, 4)
  t.match(await migrate(), { status: 0, json: copied(1, { alreadyThere: 1, changedInTarget: 1 }) })
  t.match([await next.get(a.id), await next.get(b.id), await next.get(c.id)], [{ data: { n: 2 } }, { data: { n: 4 } }, { data: { n: 1 } }])
})

t.test('a session that was used in the target is left alone, although its version is the same', async t => {
  const { clock, old, next, migrate, source, target } = await move(t)
  const { id } = await old.create({})
  await migrate()
  const record = await source.read(id) as SessionRecord
  clock.now += HOUR_MS
  await target.touch!(id, { ...record, lastAccessedAt: clock.now, expiresAt: record.expiresAt + HOUR_MS })
  await old.revoke(id)
  t.match(await migrate(), { status: 0, json: copied(0) })
  t.equal(await next.exists(id), true)
})

t.test('a renewal in the source reaches the target with the next run, and never a shorter deadline', async t => {
  const { clock, old, migrate, source, target } = await move(t)
  const { id } = await old.create({})
  await migrate()
  const record = await source.read(id) as SessionRecord
  clock.now += HOUR_MS
  await source.touch!(id, { ...record, lastAccessedAt: clock.now, expiresAt: record.expiresAt + HOUR_MS })
  t.match(await migrate(), { json: copied(0, { alreadyThere: 1 }) })
  t.match(await target.read(id), { expiresAt: record.expiresAt + HOUR_MS, lastAccessedAt: clock.now })
})

t.test('what has ended in the target does not come back, however it ended', async t => {
  const { old, next, migrate } = await move(t)
  const [a, b, c] = [await old.create({}), await old.create({}), await old.create({}, { subject: 'alice' })]
  await migrate()
  await next.revoke(a.id)
  await (await next.open(b.cookie)).destroy()
  await next.revokeSubject('alice')
  t.match(await migrate(), { json: copied(0, { ended: 3 }) })
  for (const { id } of [a, b, c]) t.equal(await next.exists(id), false)

  await next.revokeAll()
  t.match(await migrate(), { json: copied(0, { ended: 3 }) }, 'also after revokeAll, which leaves nothing')
  t.match(await migrate('--again'), { json: copied(3) }, 'unless it is asked for')
})

t.test('a revocation in the target of a subject or label holds for sessions that are copied later', async t => {
  const { old, next, migrate } = await move(t)
  await old.create({}, { subject: 'alice' })
  await old.create({}, { subject: 'bob', labels: ['acme'] })
  await next.revokeSubject('alice')
  await next.revokeLabel('acme')
  t.match(await migrate(), { json: copied(0, { ended: 2 }) })
  t.equal(await next.count(), 0)
})

t.test('a revocation in the target right before the session is written there ends it', async t => {
  const { old, next, to, migrate } = await move(t)
  const { id } = await old.create({}, { subject: 'alice' })
  onceBefore(to, 'write', id, async () => { await next.revokeSubject('alice') })
  t.match(await migrate(), { json: copied(0, { ended: 1 }) })
  t.equal(await next.exists(id), false)
})

t.test('what ends in the source while it is copied is not left alive in the target, and says why it ended', async t => {
  const { old, next, to, migrate, target } = await move(t)
  const { id, cookie } = await old.create({})
  onceBefore(to, 'write', id, async () => { await old.revoke(id) })
  t.match(await migrate(), { json: copied(0, { ended: 1 }) })
  t.match(await target.read(id), { data: '', meta: { reason: 'revoked' } })
  t.equal((await next.open(cookie)).endedBecause, 'revoked')

  const quiet = await old.create({})
  onceBefore(to, 'write', quiet.id, async () => { await (await old.open(quiet.cookie)).destroy() })
  t.match(await migrate(), { json: copied(0, { ended: 1 }) }, 'also where nothing is left')
  t.equal(await next.exists(quiet.id), false)
})

t.test('a session that ends in the source ends in the target, although the target has changed it in that moment', async t => {
  const { old, next, from, to, migrate, source } = await move(t)
  const { id, cookie } = await old.create({ n: 1 })
  onceBefore(from, 'read', id, async () => { await source.remove(id) })
  onceBefore(to, 'read', id, async () => {
    onceBefore(to, 'read', id, async () => { await (await next.open(cookie)).transaction(data => { (data as any).n = 2 }) })
  })
  t.match(await migrate(), { json: copied(0, { ended: 1 }) })
  t.equal(await next.exists(id), false)
})

t.test('what changes in the source while it is copied is changed in the target, unless the target has changed it too', async t => {
  const { old, next, from, to, migrate } = await move(t)
  const { id, cookie } = await old.create({ n: 1 })
  const change = async (sessions: typeof old, n: number) => await (await sessions.open(cookie)).transaction(data => { (data as any).n = n })
  onceBefore(to, 'write', id, async () => { await change(old, 2) })
  t.match(await migrate(), { json: copied(1) })
  t.match(await next.get(id), { data: { n: 2 } })

  const both = await old.create({ n: 1 })
  const changeBoth = async (sessions: typeof old, n: number) => await (await sessions.open(both.cookie)).transaction(data => { (data as any).n = n })
  onceBefore(from, 'read', both.id, async () => {
    await changeBoth(old, 2)
    await changeBoth(next, 3)
  })
  t.match(await migrate(), { json: copied(0, { alreadyThere: 1, changedInTarget: 1 }) })
  t.match(await next.get(both.id), { data: { n: 3 } })
})

t.test('a session that the target gets in that moment is its own', async t => {
  const { old, to, migrate, target, source } = await move(t)
  const [{ id: a }, { id: b }] = [await old.create({}), await old.create({})]
  onceBefore(to, 'write', a, async () => { await target.write(a, nextOf(await source.read(a) as SessionRecord), 0) })
  t.match(await migrate(), { json: copied(1, { changedInTarget: 1 }) })
  t.ok(b)
  const { id: c } = await old.create({})
  onceBefore(to, 'write', c, async () => { await target.write(c, { ...newRecord({ id: c }, START), data: '' }, 0) })
  t.match(await migrate(), { json: copied(0, { alreadyThere: 1, changedInTarget: 1, ended: 1 }) })
})

t.test('what a MigratingBackend moves in that moment is not taken for ended', async t => {
  const { old, next, to, migrate, source, target } = await move(t)
  const { id } = await old.create({})
  const moveOn = async () => {
    const record = await source.read(id) as SessionRecord
    await target.write(id, record, 0)
    await source.write(id, { ...newRecord({ id, data: '' }, START), meta: { moved: record.version } })
  }
  onceBefore(to, 'write', id, moveOn)
  t.match(await migrate(), { json: copied(1) })
  t.equal(await next.exists(id), true)
  t.match(await migrate(), { json: copied(0) }, 'nor by a later run')
  t.equal(await next.exists(id), true)
})

t.test('what ended in the source after it was copied ends in the target with the next run', async t => {
  const { old, next, migrate } = await move(t)
  const [a, b, c] = [await old.create({}), await old.create({}), await old.create({})]
  await migrate()
  await old.revoke(a.id)
  await (await old.open(b.cookie)).destroy()
  const own = await next.create({})
  t.match(await migrate(), { json: copied(0, { alreadyThere: 1, ended: 2 }) })
  t.strictSame([await next.exists(a.id), await next.exists(b.id), await next.exists(c.id), await next.exists(own.id)], [false, false, true, true])
})

t.test('a session that ends in the source while it is copied ends in the target also beside a writer that never rests', async t => {
  const { old, next, migrate, to, target } = await move(t)
  const { id } = await old.create({})
  let writes = 0
  let isOwn = false
  to.before('write', async call => {
    if (call.id !== id || isOwn) return
    if (++writes === 1) return await old.revoke(id)
    isOwn = true
    const record = await target.read(id) as SessionRecord
    await target.write(id, { ...nextOf(record), lastAccessedAt: record.lastAccessedAt }, record.version)
    isOwn = false
  })
  t.match(await migrate(), { json: copied(0, { ended: 1 }) })
  to.heal()
  t.ok(writes > 20)
  t.equal(await next.exists(id), false)
})

t.test('a session that breaks in the source while it is copied is none in the target', async t => {
  const { old, next, migrate, to, source } = await move(t)
  const { id } = await old.create({})
  onceBefore(to, 'write', id, async () => {
    const record = await source.read(id) as SessionRecord
    await source.write(id, { ...nextOf(record), data: 'no JSON' }, record.version)
  })
  t.match(await migrate(), { json: copied(0, { ended: 1 }) })
  t.equal(await next.exists(id), false)
})

t.test('a target that cannot say whether the subject was revoked stops the run', async t => {
  const { old, migrate, to } = await move(t)
  const { id } = await old.create({}, { subject: 'ann' })
  to.before('read', call => { if (call.id !== id) throw new Error('down') })
  t.match(await migrate(), { status: 1, err: ONE_LINE })
})

t.test('sessions that nobody can use are not copied', async t => {
  const { clock, source, migrate } = await move(t, { idleTimeout: 3_600 })
  const orphan = newRecord({ lastAccessedAt: START, expiresAt: START + 3_900_001 }, START)
  const stale = newRecord({ expiresAt: START + 10 * HOUR_MS }, START)
  for (const record of [orphan, stale]) await source.write(record.id, record, 0)
  clock.now += 400_000
  t.match(await migrate(), { json: copied(1, { ended: 1 }) })
  clock.now += HOUR_MS
  const late = newRecord({ expiresAt: START + 10 * HOUR_MS }, START)
  await source.write(late.id, late, 0)
  t.match(await migrate(), { json: { copied: 0 } })
})

t.test('a session too large for the target, or broken in the source, fails alone, and the exit status says so', async t => {
  const { SessionTooLargeError } = await import('../../lib/errors.ts')
  const { old, source, to, migrate } = await move(t)
  const [large, broken] = [await old.create({}), newRecord({ data: 'no JSON' }, START)]
  await source.write(broken.id, broken, 0)
  await old.create({})
  to.before('write', ({ id }) => { if (id === large.id) throw new SessionTooLargeError(2, 1) })
  const { status, err, json } = await migrate()
  t.match({ status, json }, { status: 1, json: { copied: 1, failed: 2, complete: false } })
  t.match(err, /^fastsessions: 2 sessions could not be copied: they are too large for the target, or the source cannot read them itself\n$/)
})

t.test('a store that goes down in the middle is one line, and the same command goes on', async t => {
  const { old, next, to, migrate } = await move(t)
  for (let n = 0; n < 150; n++) await old.create({ n })
  let writes = 0
  to.before('write', () => { if (++writes > 60) throw new Error('connection lost') })
  const { status, err, json } = await migrate()
  t.equal(status, 1)
  t.match(err, ONE_LINE)
  t.match(err, /failed to write a session: connection lost: is the server up, and its address right\?; the same command goes on where this has stopped/)
  t.match(json, { copied: 60, complete: false })
  to.heal()
  t.match(await migrate(), { status: 0, json: copied(90, { alreadyThere: 60 }) })
  t.equal(await next.count(), 150)
})

t.test('Ctrl-C finishes the sessions in hand, and the same command goes on', async t => {
  const { old, next, to, paths } = await move(t)
  for (let n = 0; n < 150; n++) await old.create({ n })
  const stop = new AbortController()
  let writes = 0
  to.before('write', () => { if (++writes === 50) stop.abort() })
  const { status, err, out } = await cli(['migrate', ...paths], { signal: stop.signal, isTTY: true })
  t.equal(status, 130)
  t.match(out, /^\d+ copied, 0 already there, 0 ended, in [\d.]+ s\n$/)
  t.match(err, /\d+ copied, 0 already there, 0 ended \(\d+\/s\)/)
  t.match(err, /interrupted, after finishing what had begun; the same command goes on with the rest\n$/)
  const first = Number.parseInt(out)
  t.ok(first >= 50 && first < 150, `${first} were copied`)
  t.equal(await next.count(), first, 'and nothing is half done')
  t.match(await cli(['migrate', ...paths]), { status: 0, out: new RegExp(`^${150 - first} copied, ${first} already there, 0 ended, in`) })
})

t.test('a target that could not read the sessions gets none', async t => {
  const backend = new MemoryBackend()
  const from = { backend, encrypt: true, secret: SECRET }
  const { sessions } = await createApp(t, from)
  await sessions.create({ n: 1 })
  const tries: ReadonlyArray<readonly [SessionOptions, RegExp]> = [
    [{}, /\(corrupt\)/],
    [{ encrypt: true, secret: 'a different secret of more than 32 bytes' }, /\(tampered\)/]
  ]
  for (const [options, says] of tries) {
    const to = new MemoryBackend()
    const { status, err } = await cli(['migrate', '--from', configOf(t, from), '--to', configOf(t, { ...options, backend: to })])
    t.equal(status, 1)
    t.match(err, says)
    t.match(err, /the target could not read the session [0-9a-f]{64} of the source.*give both modules the same secret, encrypt, serializer, schema and migrate\n$/)
    t.equal(to.bind({ property: 'session', now: Date.now } as never).count({}), 0)
  }
  const newer = { backend: new MemoryBackend(), schemaVersion: 2 }
  await (await createApp(t, newer)).sessions.create({ n: 1 })
  const schema = { type: 'object', required: ['m'] }
  t.match(await cli(['migrate', '--from', configOf(t, newer), '--to', configOf(t, { backend: new MemoryBackend(), schema })]), { status: 1, err: /newer deployment/ })
})

t.test('stores that cannot be copied from or to are refused, with the remedy', async t => {
  const memory = { backend: new MemoryBackend() }
  class MigratingBackend extends MemoryBackend {}
  const unlisted = Object.assign(new MemoryBackend(), { bind: undefined, list: undefined })
  const refused: ReadonlyArray<readonly [from: SessionOptions, to: SessionOptions, says: RegExp]> = [
    [{ backend: new CookieBackend(), secret: SECRET }, memory, /CookieBackend keeps sessions in their cookies.*migrateFrom/],
    [memory, { secret: SECRET }, /CookieBackend keeps sessions in their cookies.*migrateFrom/],
    [memory, { backend: Object.assign(new MigratingBackend(), { bind: undefined }) }, /a MigratingBackend is both stores; migrate takes each alone/],
    [memory, { ...memory, property: 'admin' }, /has the property session, and .* admin: ids are bound to the property/],
    [memory, { backend: new MinimalBackend() }, /MinimalBackend has no compare-and-set/],
    [{ backend: unlisted }, memory, /MemoryBackend does not support list\(\), which migrate needs/]
  ]
  for (const [from, to, says] of refused) {
    const { status, out, err } = await cli(['migrate', '--from', configOf(t, from), '--to', configOf(t, to)])
    t.strictSame([status, out], [1, ''])
    t.match(err, ONE_LINE)
    t.match(err, says)
  }
})

t.test('a source without compare-and-set is copied without notes, and a target that cannot list or touch does', async t => {
  class Listing extends MinimalBackend {
    list () { return { sessions: [...this.records.values()].map(record => ({ ...record, extra: { tenant: 1 } })), cursor: null } }
  }
  const [from, to] = [new Listing(), new MemoryBackend()]
  Object.assign(to, { bind: undefined, list: undefined, touch: undefined })
  const record = newRecord()
  from.write(record.id, record)
  const args = ['migrate', '--json', '--from', configOf(t, { backend: from }), '--to', configOf(t, { backend: to })]
  t.match(await cli(args), { status: 0, json: copied(1) })
  t.strictSame(to.read(record.id), record)
  t.match(await cli(args), { status: 0, json: copied(0, { alreadyThere: 1 }) })
  t.equal(from.records.size, 1)
})

t.test('the note of a session without an absolute deadline lives as long as a cookie may', async t => {
  const { old, source, migrate, from } = await move(t, { absoluteTimeout: null })
  await old.create({})
  from.calls.splice(0)
  await migrate()
  const { id } = from.calls.find(({ operation }) => operation === 'write')!
  t.match(await source.read(id!), { data: '', expiresAt: START + 400 * 24 * HOUR_MS })
})

t.test('a failure that is no outage of a store is not hidden', async t => {
  const { InvalidOptionsError } = await import('../../lib/errors.ts')
  const { old, to, migrate } = await move(t)
  await old.create({}, { subject: 'alice' })
  to.before('write', () => { throw new InvalidOptionsError('the table has no columns for labels') })
  t.match(await migrate(), { status: 1, err: /the table has no columns for labels; the same command goes on/ })
  to.heal()
  to.fail('read', new Error('down'))
  t.match(await migrate(), { status: 1, err: /failed to read a session: down/ })
})
