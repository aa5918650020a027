import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { createProcess, type Work } from '../helpers/processes.ts'
import { twoProcesses } from '../helpers/race.ts'

t.test('changes of different keys both survive', async t => {
  const { race, data } = await twoProcesses(t)
  await race(session => { session.mine = 1 }, session => { session.other = 1 })
  t.strictSame(await data(), { x: 1, y: 1, other: 1, mine: 1 })
})

t.test('a key that one removes and a key that the other changes deep inside both stay so', async t => {
  const { race, data, second, cookie } = await twoProcesses(t)
  await second.request(cookie, session => { session.user = { name: 'a', tags: [] } })
  await race(session => { session.user.tags.push('new') }, session => { delete session.x })
  t.strictSame(await data(), { y: 1, user: { name: 'a', tags: ['new'] } })
})

t.test('the later commit wins where both changed one key', async t => {
  const { race, data } = await twoProcesses(t)
  await race(session => { session.x = 'mine' }, session => { session.x = 'other' })
  t.strictSame(await data(), { x: 'mine', y: 1 })
})

t.test('clear() also drops keys that were added meanwhile', async t => {
  const { race, data } = await twoProcesses(t)
  await race(session => { session.clear(); session.fresh = 1 }, session => { session.other = 1 })
  t.strictSame(await data(), { fresh: 1 })
})

t.test('a session that one empties and the other writes to is kept with what the other wrote', async t => {
  const { race, data } = await twoProcesses(t)
  await race(session => { delete session.x; delete session.y }, session => { session.other = 1 })
  t.strictSame(await data(), { other: 1 })
})

t.test('the subject of another request stays when this one did not change it', async t => {
  const { race, second, gate } = await twoProcesses(t)
  const { id, cookie } = await second.app.sessions.create({ a: 1 }, { subject: 'alice' })
  gate.before('write', async () => {
    gate.heal()
    await second.request(cookie, session => { session.b = 1 })
  })
  await race(() => {}, () => {})
  const info = await second.app.sessions.get(id)
  t.equal(info?.subject, 'alice')
})

t.test('a lifetime that another request set stays', async t => {
  const { race, second, cookie } = await twoProcesses(t)
  await race(session => { session.mine = 1 }, session => { session.setLifetime({ idleTimeout: 60, persistent: true }) })
  const { cookies, body } = await second.request(cookie, session => { session.again = 1; return session.expiresAt })
  t.match(cookies[0], /Max-Age=60;/)
  t.ok(Date.parse(body.result) <= Date.now() + 60_000)
})

t.test('a lifetime that another request set stays where regenerate() leaves nothing', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.x = 1 })
  const other = browser.copy()
  await browser.run(async request => {
    await other.run(({ session }) => { session.setLifetime({ idleTimeout: 60 }) })
    await request.session.regenerate()
    t.strictSame([request.session.isNew, request.session.expiresAt - request.session.createdAt], [true, 60_000])
  })
})

t.test('a lifetime that this request sets holds for what was merged', async t => {
  const { race, second, cookie } = await twoProcesses(t)
  await race(session => { session.setLifetime({ idleTimeout: 60 }) }, session => { session.other = 1 })
  const { body } = await second.request(cookie, session => [session.other, session.expiresAt])
  t.equal(body.result[0], 1)
  t.ok(Date.parse(body.result[1]) <= Date.now() + 60_000)
})

t.test('a session that is found gone can only be signed in anew', async t => {
  const { second, cookie } = await twoProcesses(t)
  const { status, body, cookies } = await second.request(cookie, async session => {
    await second.request(cookie, other => other.destroy())
    session.mine = 1
    const codes = []
    for (const operation of ['save', 'regenerateId', 'reload']) codes.push(await session[operation]().catch((error: { code: string }) => error.code))
    await session.login('alice', { fresh: 1 })
    return [codes, { ...session }, session.subject]
  })
  t.equal(status, 200)
  t.strictSame(body.result, [Array(3).fill('SES_DESTROYED'), { fresh: 1 }, 'alice'])
  const next = cookies[0]!.split(';')[0]!
  t.strictSame((await second.request(next, session => ({ ...session }))).body.result, { fresh: 1 })
})

t.test('the live session shows what was merged, but for keys changed since', async t => {
  const { race } = await twoProcesses(t)
  const { body } = await race(async session => {
    session.mine = 1
    const saving = session.save()
    session.x = 'changed while saving'
    await saving
    return { ...session }
  }, session => { session.other = 1; session.x = 'other'; delete session.y })
  t.strictSame(body.result, { x: 'changed while saving', mine: 1, other: 1 })
})

t.test('onConflict \'error\' answers a conflict with 409 and writes nothing', async t => {
  const { race, data } = await twoProcesses(t, { onConflict: 'error' })
  const { status, body } = await race(session => { session.x = 'mine' }, session => { session.x = 'other' })
  t.match({ status, code: body.code }, { status: 409, code: 'SES_CONFLICT' })
  t.strictSame(await data(), { x: 'other', y: 1 })
})

t.test('onConflict \'error\' joins no changes, of whichever values', async t => {
  const { race, data } = await twoProcesses(t, { onConflict: 'error' })
  const { status } = await race(session => { session.mine = 1 }, session => { session.other = 1 })
  t.equal(status, 409)
  t.strictSame(await data(), { x: 1, y: 1, other: 1 })
})

for (const [name, run] of Object.entries<Work>({
  'a transaction': session => session.transaction((data: { x: number }) => { data.x++ }),
  'a new id': session => session.regenerateId(),
  'a sign-in': session => session.login('ann')
})) {
  t.test(`with onConflict 'error' ${name} is tried again, as long as the request has no changes of its own`, async t => {
    for (const hasChanges of [false, true]) {
      const { race } = await twoProcesses(t, { onConflict: 'error' })
      const mine: Work = async session => {
        if (hasChanges) session.y = 2
        await run(session)
      }
      const { status } = await race(mine, session => { session.other = 1 })
      t.equal(status, hasChanges ? 409 : 200)
    }
  })
}

t.test('a transaction tries again where onConflict is \'merge\'', async t => {
  const { race, data } = await twoProcesses(t)
  let runs = 0
  const count: Work = session => session.transaction((data: { x: number }) => { runs++; return ++data.x })
  const { body } = await race(count, count)
  t.equal(body.result, 3)
  t.equal(runs, 3, 'one of them ran twice')
  t.strictSame(await data(), { x: 3, y: 1 })
})

t.test('a conflict whose merged result violates the schema is 409 and writes nothing', async t => {
  const schema = { type: 'object', properties: { x: { type: 'number' } }, maxProperties: 3 }
  const { race, data } = await twoProcesses(t, { schema })
  const { status, body } = await race(session => { session.mine = 1 }, session => { session.other = 1 })
  t.match({ status, code: body.code }, { status: 409, code: 'SES_CONFLICT' })
  t.strictSame(await data(), { x: 1, y: 1, other: 1 })
})

t.test('when tries run out it is 409, never a blind write', async t => {
  const { gate, cookie, data, second, race } = await twoProcesses(t)
  let n = 0
  gate.before('write', async () => { await second.request(cookie, session => { session.other = ++n }) })
  const { status, body } = await race(session => { session.mine = 1 }, () => {})
  t.equal(status, 200, 'one conflict is settled')
  const first = await createProcess(t, gate)
  gate.before('write', async () => { await second.request(cookie, session => { session.other = ++n }) })
  const last = await first.request(cookie, session => { session.lost = 1 })
  t.match({ status: last.status, code: last.body.code }, { status: 409, code: 'SES_CONFLICT' })
  t.notMatch(await data(), { lost: 1 })
  t.equal(body.result, null)
})

t.test('increments of parallel transactions are all there', async t => {
  const memory = new MemoryBackend()
  const processes = await Promise.all([1, 2, 3].map(() => createProcess(t, new FaultyBackend(memory).before('write', () => Promise.resolve()))))
  const { app } = processes[0]!
  const { id, cookie } = await app.sessions.create({ n: 0 })
  const results = await Promise.all(Array.from({ length: 30 }, (_, n) =>
    processes[n % 3]!.request(cookie, session => session.transaction((data: { n: number }) => ++data.n))))
  const successes = results.filter(({ status }) => status === 200)
  t.ok(successes.length > 0)
  t.strictSame((await app.sessions.get(id))!.data, { n: successes.length })
  t.equal(new Set(successes.map(({ body }) => body.result)).size, successes.length, 'each success counted once')
})
