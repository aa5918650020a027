import t from 'tap'
import { RedisBackend } from '../../lib/redis.ts'
import { testBackend } from '../../lib/testing/index.ts'
import { bound, newPrefix, newRecord, nextOf, redisAt, sharedRedis } from '../helpers/redis.ts'
import { ownProxy } from '../helpers/proxy.ts'
import { ownServer, sharedServer } from '../helpers/servers.ts'
import { HOUR_MS } from '../helpers/times.ts'

t.test('keeps every promise with a keyPrefix full of glob characters, and auto-pipelining', async t => {
  const client = await sharedRedis(t, { keyPrefix: 'a[b]*?^-\\:', enableAutoPipelining: true, stringNumbers: true })
  await testBackend(t, () => new RedisBackend(client, { prefix: `*[${newPrefix()}?\\` }))
})

t.test('glob characters in a prefix stand for themselves', async t => {
  const client = await sharedRedis(t)
  const space = newPrefix()
  const [wild, plain] = [bound(client, { prefix: `${space}*:` }).backend, bound(client, { prefix: `${space}x:` }).backend]
  const record = newRecord()
  await plain.write(record.id, record, 0)
  t.equal(await wild.count({}), 0)
  await wild.removeAll()
  t.same(await plain.read(record.id), record)
})

t.test('registrations with different properties do not see each other\'s sessions', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const main = bound(client, { prefix }).backend
  for (const property of ['admin', 'subject']) {
    const other = bound(client, { prefix, property }).backend
    const [mine, theirs] = [newRecord({ subject: 'alice' }), newRecord({ subject: 'alice' })]
    await main.write(mine.id, mine, 0)
    await other.write(theirs.id, theirs, 0)
    t.equal(await main.count({}), 1)
    t.strictSame((await other.list({})).sessions.map(({ id }) => id), [theirs.id])
    t.equal(await other.removeSubject('alice', {}), 1)
    await other.removeAll()
    t.same(await main.read(mine.id), mine)
    t.equal(await main.removeSubject('alice', {}), 1)
    await main.removeAll()
  }
  t.strictSame(await client.keys(`${prefix}*`), [])
})

t.test('a session goes by itself at its deadline, and its index after it', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend, clock } = bound(client, { prefix })
  const record = newRecord({ subject: 'alice', expiresAt: clock.now + HOUR_MS })
  await backend.write(record.id, record, 0)
  const key = prefix + record.id
  const within = async (ms: number): Promise<void> => {
    const ttl = await client.pttl(key)
    t.ok(ttl > ms - 10_000 && ttl <= ms, `${ttl} ms`)
  }
  await within(HOUR_MS)
  await backend.touch(record.id, { ...record, expiresAt: record.expiresAt + HOUR_MS })
  await within(2 * HOUR_MS)
  await backend.write(record.id, nextOf(record, { expiresAt: record.expiresAt + 3 * HOUR_MS }), record.version)
  await within(4 * HOUR_MS)
  const [index] = await client.keys(`${prefix}subject:*`)
  t.ok(await client.pttl(index!) > 4 * HOUR_MS)
  t.ok(await client.pttl(index!) < 6 * HOUR_MS)
})

t.test('a session counts the round trips that the class says', async t => {
  const proxy = await ownProxy(t, await sharedServer('redis'))
  const { backend } = bound(redisAt(t, proxy.url))
  const trips = async (run: () => unknown): Promise<number> => {
    const before = proxy.roundTrips
    await run()
    return proxy.roundTrips - before
  }
  const warm = newRecord({ subject: 'bob' })
  await backend.write(warm.id, warm, 0)
  await backend.touch(warm.id, warm)
  const [anonymous, alice] = [newRecord(), newRecord({ subject: 'alice', expiresAt: warm.expiresAt })]
  t.equal(await trips(() => backend.write(anonymous.id, anonymous, 0)), 1)
  t.equal(await trips(() => backend.read(anonymous.id)), 1)
  t.equal(await trips(() => backend.write(anonymous.id, nextOf(anonymous), anonymous.version)), 1)
  t.equal(await trips(() => backend.write(anonymous.id, nextOf(anonymous), anonymous.version)), 1, 'a conflict answers what stands')
  t.equal(await trips(() => backend.touch(anonymous.id, anonymous)), 1)
  t.equal(await trips(() => backend.exists(anonymous.id)), 1)
  t.equal(await trips(() => backend.remove(anonymous.id)), 1)
  t.equal(await trips(() => backend.write(alice.id, alice, 0)), 2, 'the index first')
  const used = nextOf(alice)
  t.equal(await trips(() => backend.write(alice.id, used, alice.version)), 1)
  const later = nextOf(used, { expiresAt: used.expiresAt + HOUR_MS })
  t.equal(await trips(() => backend.write(alice.id, later, used.version)), 2, 'the next hour')
  t.equal(await trips(() => backend.touch(alice.id, later)), 2)
  t.equal(await trips(() => backend.write(alice.id, nextOf(later, { expiresAt: 0 }), later.version)), 1)
})

t.test('a write that moves a session to another subject moves it into that index', async t => {
  const { backend } = bound(await sharedRedis(t))
  const record = newRecord({ subject: 'alice' })
  await backend.write(record.id, record, 0)
  const moved = nextOf(record, { subject: 'bob' })
  await backend.write(record.id, moved, record.version)
  t.equal(await backend.removeSubject('alice', {}), 0)
  t.same(await backend.read(record.id), moved)
  t.equal(await backend.count({ subject: 'bob' }), 1)
  t.equal(await backend.removeSubject('bob', {}), 1)
})

t.test('a creation under way is refused once its subject was revoked', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend } = bound(client, { prefix })
  const record = newRecord({ subject: 'alice' })
  await backend.write(record.id, record, 0)
  // As if only the index had been written.
  await client.del(prefix + record.id)
  t.equal(await backend.removeSubject('alice', {}), 0)
  const answer = await backend.write(record.id, record, 0)
  t.not(answer, record.id)
  t.equal((await backend.read(record.id))?.data, '')
})

t.test('a subject\'s sessions can be listed page by page', async t => {
  const { backend } = bound(await sharedRedis(t))
  const records = Array.from({ length: 7 }, () => newRecord({ subject: 'alice' }))
  for (const record of records) await backend.write(record.id, record, 0)
  await backend.remove(records[0]!.id)
  const seen: string[] = []
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await backend.list({ subject: 'alice', limit: 2, ...(cursor === undefined ? {} : { cursor }) })
    seen.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor ?? undefined
  }
  t.strictSame(seen, records.slice(1).map(({ id }) => id).sort())
})

t.test('a cursor that is none is refused', async t => {
  const { backend } = bound(await sharedRedis(t))
  for (const cursor of ['', '5', '[]', '["a",5]', '["a","b"]', '{']) await t.rejects(backend.list({ cursor }), { name: 'InvalidOptionsError' })
  t.strictSame(await backend.list({ cursor: '["gone:1","0"]' }), { sessions: [], cursor: null })
})

t.test('a page among many keys of others may be short, and the next goes on', async t => {
  const client = redisAt(t, (await ownServer(t, 'redis')).url)
  const { backend } = bound(client)
  await client.eval('for n = 1, 120000 do redis.call("SET", "other" .. n, "") end', 0)
  const records = Array.from({ length: 3 }, () => newRecord())
  for (const record of records) await backend.write(record.id, record, 0)
  const seen: string[] = []
  let pages = 0
  for (let cursor: string | null = ''; cursor !== null; pages++) {
    const page: Awaited<ReturnType<typeof backend.list>> = await backend.list({ limit: 5, ...(cursor === '' ? {} : { cursor }) })
    seen.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor
  }
  t.ok(pages > 1)
  t.strictSame(seen.sort(), records.map(({ id }) => id).sort())
})

t.test('a payload of 1 MB of any characters, and a long subject, are counted and read as they are', async t => {
  const { backend } = bound(await sharedRedis(t))
  const large = newRecord({ data: JSON.stringify({ text: '🧺é漢'.repeat(110_000) }) })
  const long = newRecord({ subject: '漢'.repeat(300), data: '{}' })
  for (const record of [large, long]) {
    t.equal(await backend.write(record.id, record, 0), record.id)
    t.equal(JSON.stringify(await backend.read(record.id)), JSON.stringify(record))
    t.equal(await backend.exists(record.id), true)
  }
  t.equal(await backend.count({}), 2)
})

t.test('where memory is full, sessions can still be ended', async t => {
  const client = redisAt(t, (await ownServer(t, 'redis')).url)
  const { backend } = bound(client)
  const record = newRecord({ subject: 'alice' })
  await backend.write(record.id, record, 0)
  await client.config('SET', 'maxmemory', '1')
  await t.rejects(backend.write(record.id, nextOf(record, { subject: null }), record.version), { message: /OOM/ })
  t.equal(await backend.removeSubject('alice', {}), 1)
  t.equal(await backend.read(record.id), null)
})

t.test('a key as long as a session\'s that is none is left alone', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend } = bound(client, { prefix })
  const key = prefix + 'X'.repeat(64)
  await client.set(key, 'mine')
  t.equal(await backend.count({}), 0)
  await backend.removeAll()
  t.equal(await client.get(key), 'mine')
  await client.del(key)
})

t.test('a session whose header is longer than what is read of it is counted by reading it', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend } = bound(client, { prefix })
  const long = newRecord({ subject: 's'.repeat(400) })
  const tombstone = newRecord({ subject: 's'.repeat(400), data: '' })
  const record = newRecord({ subject: 's'.repeat(400) })
  for (const each of [long, tombstone, record]) await backend.write(each.id, each, 0)
  await client.set(prefix + record.id, (await client.get(prefix + record.id))!.replace('{"subject":', '{subject:'))
  t.equal(await backend.count({}), 1)
})
