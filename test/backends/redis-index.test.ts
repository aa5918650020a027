import { hash } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import t from 'tap'
import { isYoung, scoreOf } from '../../lib/backends/redis/scores.ts'
import { keysInHeader } from '../../lib/record/keys-text.ts'
import { tombstone } from '../../lib/record/record.ts'
import type { RedisClient } from '../../lib/redis.ts'
import { Gate } from '../helpers/gate.ts'
import { bound, closedAfter, newPrefix, newRecord, nextOf, watchedClient } from '../helpers/redis.ts'
import { ownCluster, sharedServer } from '../helpers/servers.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'

const MINUTE_MS = 60_000

const { ports } = await ownCluster(t)
const url = await sharedServer('redis')

const clients: Record<string, () => Redis | Cluster> = {
  'a server': () => new Redis(url),
  'a server in RESP3': () => new Redis(url, { protocol: 3 } as object),
  'a cluster': () => new Cluster(ports.map(port => ({ host: '127.0.0.1', port })))
}

for (const [name, open] of Object.entries(clients)) {
  const client = closedAfter(t, open())
  const start = () => {
    const prefix = newPrefix()
    const bench = bound(client, { prefix })
    const keyOf = (id: string) => prefix + id
    const indexOf = (subject: string) => `${prefix}subject:${hash('sha256', subject, 'base64url')}`
    const entriesOf = async (subject: string) => (await client.zrange(indexOf(subject), '0', '-1')).sort()
    return { ...bench, keyOf, indexOf, entriesOf }
  }

  t.test(`on ${name} an entry that was lost comes back with the next write or renewal of its session`, async t => {
    const { backend, indexOf, entriesOf } = start()
    const record = newRecord({ subject: 'alice' })
    const next = nextOf(record)
    await backend.write(record.id, record, 0)
    for (const use of [() => backend.write(record.id, next, record.version), () => backend.touch(record.id, next)]) {
      await client.del(indexOf('alice'))
      await use()
      t.strictSame(await entriesOf('alice'), [record.id])
    }
    t.equal(await backend.removeSubject('alice', {}), 1)
  })

  t.test(`on ${name} a session that a newer version stored hides no other, stays in the index, and ends with its subject`, async t => {
    const { backend, keyOf, entriesOf } = start()
    const createdAt = Date.now() - HOUR_MS
    const [newer, other] = [newRecord({ subject: 'alice', createdAt }), newRecord({ subject: 'alice', createdAt })]
    for (const record of [newer, other]) await backend.write(record.id, record, 0)
    await client.set(keyOf(newer.id), `2${(await client.get(keyOf(newer.id)))!.slice(1)}`, 'KEEPTTL')
    t.strictSame((await backend.list({ subject: 'alice' })).sessions, [other])
    t.strictSame((await backend.list({})).sessions, [other])
    t.strictSame([await backend.count({ subject: 'alice' }), await backend.count({})], [1, 1])
    t.strictSame(await entriesOf('alice'), [newer.id, other.id].sort())
    await backend.removeSubject('alice', {})
    t.equal((await backend.read(newer.id))?.data ?? '', '')
  })

  t.test(`on ${name} a write and an end do not fail with the index of the subject`, async t => {
    const { backend, indexOf } = start()
    const record = newRecord({ subject: 'alice' })
    const next = nextOf(record)
    await backend.write(record.id, record, 0)
    await client.set(indexOf('alice'), 'no index')
    t.equal(await backend.write(record.id, next, record.version), record.id)
    const late = newRecord({ subject: 'alice' })
    await t.rejects(backend.write(late.id, late, 0), { message: /WRONGTYPE/ }, 'a new session must be in the index')
    t.equal(await backend.write(record.id, nextOf(next, { expiresAt: 0 }), next.version), record.id)
    t.equal(await backend.read(record.id), null)
  })

  t.test(`on ${name} every end of a session takes it out of the index of its subject`, async t => {
    const { backend, clock, entriesOf } = start()
    const ends: Record<string, (record: ReturnType<typeof newRecord>) => unknown> = {
      'an expired record': record => backend.write(record.id, nextOf(record, { data: '', subject: null, expiresAt: 0 }), record.version),
      'a tombstone': record => backend.write(record.id, tombstone(record.id, clock.now), record.version),
      'an unconditional tombstone': record => backend.write(record.id, tombstone(record.id, clock.now)),
      'a sign-out that keeps the session': record => backend.write(record.id, nextOf(record, { subject: null }), record.version),
      'another subject': record => backend.write(record.id, nextOf(record, { subject: 'bob' }), record.version),
      'a removal': record => backend.remove(record.id),
      'a revocation of the subject': () => backend.removeSubject('alice', {}),
      'a revocation of all': () => backend.removeAll()
    }
    for (const [what, end] of Object.entries(ends)) {
      const record = newRecord({ subject: 'alice', policy: { idleTimeout: 60_000 } })
      await backend.write(record.id, record, 0)
      t.strictSame(await entriesOf('alice'), [record.id])
      await end(record)
      t.strictSame(await entriesOf('alice'), [], what)
    }
  })

  t.test(`on ${name} a write that is refused leaves no entry, unless the session stands`, async t => {
    const { backend, entriesOf } = start()
    const record = newRecord({ subject: 'alice' })
    await backend.write(record.id, record, 0)
    await backend.write(record.id, nextOf(record), 5)
    t.strictSame(await entriesOf('alice'), [record.id])
    await backend.removeSubject('alice', {})
    t.equal((await backend.write(record.id, nextOf(record), record.version) as typeof record).data, '')
    t.equal((await backend.write(record.id, nextOf(record), 0) as typeof record).data, '')
    const gone = newRecord({ subject: 'alice' })
    t.equal(await backend.write(gone.id, gone, 5), null)
    t.strictSame(await entriesOf('alice'), [])
  })

  t.test(`on ${name} a listing takes out what is missing, once it is older than five minutes`, async t => {
    for (const look of ['list', 'count'] as const) {
      const { backend, clock, keyOf, entriesOf } = start()
      const records = Array.from({ length: 3 }, () => newRecord({ subject: 'alice', expiresAt: clock.now + DAY_MS }))
      for (const record of records) await backend.write(record.id, record, 0)
      const [live, ...dead] = records
      for (const { id } of dead) await client.del(keyOf(id))
      clock.now += 5 * MINUTE_MS - 1_000
      await backend[look]({ subject: 'alice' })
      t.equal((await entriesOf('alice')).length, 3, 'they may be about to be stored')
      clock.now += 2_000
      await backend[look]({ subject: 'alice' })
      t.strictSame(await entriesOf('alice'), [live!.id])
    }
  })

  t.test(`on ${name} a revocation writes a tombstone for the living and the young, and nothing for what is gone`, async t => {
    const { backend, clock, keyOf, entriesOf } = start()
    const [dead, live, spared] = Array.from({ length: 3 }, () => newRecord({ subject: 'alice', expiresAt: clock.now + DAY_MS }))
    for (const record of [dead!, live!, spared!]) await backend.write(record.id, record, 0)
    clock.now += 6 * MINUTE_MS
    const young = newRecord({ subject: 'alice', expiresAt: clock.now + DAY_MS })
    await backend.write(young.id, young, 0)
    for (const { id } of [dead!, young]) await client.del(keyOf(id))
    t.equal(await backend.removeSubject('alice', { except: spared!.id }), 1)
    t.strictSame(await Promise.all([dead!, live!, young].map(({ id }) => client.exists(keyOf(id)))), [0, 1, 1])
    t.strictSame(await entriesOf('alice'), [spared!.id])
    t.not(await backend.write(young.id, young, 0), young.id, 'what had begun is refused')
  })

  t.test(`on ${name} a sign-in under way while all is revoked stays in the index if it lives`, async t => {
    const prefix = newPrefix()
    const gate = new Gate()
    const record = newRecord({ subject: 'alice' })
    const slow = bound(holding(client, prefix + record.id, gate.pass), { prefix }).backend
    const { backend } = bound(client, { prefix })
    const signIn = slow.write(record.id, record, 0)
    await gate.reached
    await backend.removeAll()
    gate.open()
    t.equal(await signIn, record.id)
    t.equal(await backend.count({ subject: 'alice' }), 1)
    t.equal(await backend.removeSubject('alice', {}), 1)
  })

  t.test(`on ${name} the entry of a session that another subject has by now stays until its time`, async t => {
    const { backend, clock, indexOf, entriesOf } = start()
    const record = newRecord({ subject: 'bob' })
    await backend.write(record.id, record, 0)
    await client.zadd(indexOf('alice'), scoreOf(record.expiresAt, clock.now), record.id)
    t.equal(await backend.removeSubject('alice', {}), 0)
    t.strictSame(await entriesOf('alice'), [record.id])
    t.same(await backend.read(record.id), record)
  })
}

/** A client whose commands for a key wait. */
function holding (client: Redis | Cluster, key: string, pass: () => Promise<void>): RedisClient {
  return watchedClient(client, async (_name, args, send) => {
    if (args.includes(key)) await pass()
    return await send()
  })
}

t.test('a score tells the hour of the deadline and the age up to five minutes, with clocks of nodes apart', async t => {
  const now = Date.UTC(2027, 2, 1, 12, 34, 56, 789)
  for (const at of [0, 1, 299, 300]) t.equal(isYoung(scoreOf(now + DAY_MS, now), now + at * 1_000), true, `${at} s`)
  for (const at of [301, 3_600, 86_400, 40 * 86_400]) t.equal(isYoung(scoreOf(now + DAY_MS, now), now + at * 1_000), false, `${at} s`)
  t.equal(isYoung(scoreOf(now + DAY_MS, now + HOUR_MS), now), true, 'from a clock that is ahead')
  const score = scoreOf(now, now)
  t.ok(score >= now && score < now + 2 * HOUR_MS)
})

t.test('the keys in a header are texts, or none', async t => {
  t.strictSame(keysInHeader('1 … 1 {"subject":"alice","labels":[\t"x"],"policy":null}'), { subject: 'alice', meta: { labels: ['x'] } })
  for (const header of ['1 … 1 {"subject":5}', '1 … 1 {"subject":null,"labels":[5]}', '1 … 1 {"labels":{"0":"x"}}']) {
    t.strictSame(keysInHeader(header), { subject: null, meta: { labels: [] } })
  }
  for (const header of ['1 … 1 {"subject":alice', '']) t.strictSame(keysInHeader(header), { subject: null, meta: null })
})
