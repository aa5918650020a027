import { Cluster, type ClusterOptions, Redis } from 'ioredis'
import Redis5 from 'ioredis-5'
import t from 'tap'
import { RedisBackend, type RedisClient } from '../../lib/redis.ts'
import { testBackend } from '../../lib/testing/index.ts'
import { bound, closedAfter, newPrefix, newRecord, redisAt } from '../helpers/redis.ts'
import { ownCluster, ownSentinel } from '../helpers/servers.ts'

const { ports } = await ownCluster(t)
const seeds = ports.map(port => ({ host: '127.0.0.1', port }))

function clusterClient (options: ClusterOptions = {}): Cluster {
  return closedAfter(t, new Cluster(seeds, options as object))
}

const clients: Record<string, () => RedisClient> = {
  'ioredis 6': () => clusterClient(),
  'ioredis 6 with keyPrefix and auto-pipelining': () => clusterClient({ keyPrefix: 'app[1]:', enableAutoPipelining: true }),
  'ioredis 6 with keyPrefix in redisOptions': () => clusterClient({ redisOptions: { keyPrefix: 'own*:' } }),
  'ioredis 5': () => {
    const client = new Redis5.Cluster(seeds, { enableAutoPipelining: true })
    t.teardown(() => { client.disconnect() })
    return client
  }
}

for (const [name, create] of Object.entries(clients)) {
  t.test(`keeps every promise in a cluster with ${name}`, async t => {
    const client = create()
    await testBackend(t, () => new RedisBackend(client, { prefix: newPrefix() }))
  })
}

t.test('a cluster that has not connected yet can be listed', async t => {
  const client = clusterClient({ lazyConnect: true })
  t.equal(await bound(client).backend.count({}), 0)
})

t.test('the master of a session is named as the cluster places its key', async t => {
  for (const options of [{}, { keyPrefix: 'app{1}:' }, { keyPrefix: 'app{}:' }, { keyPrefix: 'é}{x' }]) {
    const client = clusterClient(options)
    const prefix = newPrefix()
    const { backend } = bound(client, { prefix })
    t.equal(backend.serverOf(newRecord().id), null, 'not known before the first connection')
    await backend.prepare()
    for (let n = 0; n < 20; n++) {
      const { id } = newRecord()
      const slot = Number(await redisAt(t, `redis://127.0.0.1:${ports[0]}`).call('CLUSTER', 'KEYSLOT', `${options.keyPrefix ?? ''}${prefix}${id}`))
      t.equal(backend.serverOf(id), client.slots[slot]![0])
    }
    t.equal(backend.serverOf('no id'), null)
  }
})

t.test('a master that is down is named for its sessions, and for no others', async t => {
  const { ports, servers } = await ownCluster(t)
  const options = { clusterRetryStrategy: () => null, retryDelayOnFailover: 10, maxRedirections: 1 }
  const client = closedAfter(t, new Cluster(ports.map(port => ({ host: '127.0.0.1', port })), options))
  const { backend } = bound(client)
  await backend.prepare()
  const records = Array.from({ length: 30 }, () => newRecord())
  await Promise.all(records.map(record => backend.write(record.id, record, 0)))
  const servedBy = new Map(records.map(({ id }) => [id, backend.serverOf(id)]))
  t.strictSame([...new Set(servedBy.values())].sort(), ports.map(port => `127.0.0.1:${port}`).sort())
  await servers[2]!.kill()
  for (const [id, server] of servedBy) {
    const isFound = await backend.read(id).then(record => record !== null, () => false)
    t.equal(isFound, server !== `127.0.0.1:${ports[2]}`)
  }
})

t.test('pages go over all masters, each session once', async t => {
  const { backend } = bound(clusterClient())
  const records = Array.from({ length: 250 }, () => newRecord())
  await Promise.all(records.map(record => backend.write(record.id, record, 0)))
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Awaited<ReturnType<typeof backend.list>> = await backend.list({ limit: 7, ...(cursor === '' ? {} : { cursor }) })
    t.ok(page.sessions.length <= 7)
    seen.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor
  }
  t.strictSame(seen.sort(), records.map(({ id }) => id).sort())
})

t.test('revoking a user who signs in all the time leaves no session behind, and none that is not indexed', async t => {
  const client = clusterClient()
  const prefix = newPrefix()
  const nodes = [bound(client, { prefix }), bound(clusterClient(), { prefix })].map(({ backend }) => backend)
  const users = Array.from({ length: 200 }, (_, n) => `user ${n}`)
  const ROUNDS = 5
  let survivors = 0
  let unindexed = 0
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(users.map(async user => {
      const before = Array.from({ length: 3 }, () => newRecord({ subject: user }))
      const signIns = before.map(async (record, n) => ({ record, answer: await nodes[n % 2]!.write(record.id, record, 0) }))
      // The revocation comes in the middle: some sessions are stored, some are indexed, some are under way.
      await signIns[round % 3]
      await nodes[1]!.removeSubject(user, {})
      const later = await Promise.all(signIns)
      const known = new Set((await nodes[0]!.list({ subject: user })).sessions.map(({ id }) => id))
      for (const [n, { record, answer }] of later.entries()) {
        const stored = await nodes[0]!.read(record.id)
        const isLive = stored !== null && stored.data !== ''
        if (isLive && !known.has(record.id)) unindexed++
        // These were stored or indexed before: the commands of a client for the same key keep their order.
        const hadBegun = n === round % 3 || n === 1
        if (isLive && (hadBegun || answer !== record.id)) survivors++
      }
      await nodes[0]!.removeSubject(user, {})
      for (const { record } of later) {
        const stored = await nodes[0]!.read(record.id)
        if (stored !== null && stored.data !== '') survivors++
      }
    }))
  }
  t.strictSame({ survivors, unindexed }, { survivors: 0, unindexed: 0 })
})

t.test('works through sentinels', async t => {
  const { sentinelPort, name } = await ownSentinel(t)
  const client = new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinelPort }], name })
  t.teardown(() => { client.disconnect() })
  const { backend } = bound(client)
  await backend.prepare()
  const record = newRecord({ subject: 'alice' })
  t.equal(await backend.write(record.id, record, 0), record.id)
  t.same(await backend.read(record.id), record)
  t.equal(await backend.count({}), 1)
})

t.test('the start warns of a client that a frozen master would hold up, once for each registration', async t => {
  const { sentinelPort, name } = await ownSentinel(t)
  const sentinels = [{ host: '127.0.0.1', port: sentinelPort }]
  const ways: Array<[client: Redis | Cluster, warning: RegExp | null]> = [
    [new Redis({ sentinels, name }), /failoverDetector: true/],
    [new Redis({ sentinels, name, failoverDetector: true }), null],
    [clusterClient(), /commandTimeout/],
    [clusterClient({ redisOptions: { commandTimeout: 1_500 } }), null]
  ]
  for (const [client, warning] of ways) {
    const { backend, warnings } = bound(client)
    await backend.prepare()
    client.disconnect()
    t.equal(warnings.length, warning === null ? 0 : 1)
    if (warning !== null) t.match(warnings[0], warning)
  }
})
