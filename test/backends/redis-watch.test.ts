import { once } from 'node:events'
import { Redis } from 'ioredis'
import Redis5 from 'ioredis-5'
import t, { type Test } from 'tap'
import { RedisBackend, type RedisClient } from '../../lib/redis.ts'
import { ownProxy } from '../helpers/proxy.ts'
import { bound, closedAfter, newPrefix, newRecord, nextOf, redisAt, sharedRedis } from '../helpers/redis.ts'
import { ownCluster, ownSentinel, ownServer, sharedServer } from '../helpers/servers.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { type Ear, listening, openEar, until } from '../helpers/watching.ts'

/** The backend of a process of its own, with the prefix of another. */
async function elsewhere (t: Test, prefix: string, property = 'session') {
  return bound(await sharedRedis(t), { prefix, property }).backend
}

/** The ids of the connections that subscribe, of a client with this name. */
async function subscribers (admin: Redis, name: string): Promise<string[]> {
  const list = String(await admin.client('LIST'))
  return list.split('\n').filter(line => line.includes(` name=${name} `) && line.includes(' sub=1 ')).map(line => /^id=(\d+)/.exec(line)![1]!)
}

/** A connection that was lost is told of, live again, and reports. */
async function hearsAgain (ear: Ear, backend: SessionBackend): Promise<void> {
  await ear.hears(null)
  await ear.lives()
  ear.heard.length = 0
  const record = newRecord()
  await backend.write(record.id, record, 0)
  await ear.hears(record.id)
}

const newName = (): string => newPrefix().slice(0, -1)

for (const [version, make] of [['6', (url: string) => new Redis(url)], ['5', (url: string) => new Redis5.Redis(url) as unknown as Redis]] as const) {
  t.test(`what another process changes, renews or ends is reported (ioredis ${version})`, async t => {
    const client = closedAfter(t, make(await sharedServer('redis')))
    const prefix = newPrefix()
    const { backend } = bound(client as unknown as RedisClient, { prefix })
    const other = await elsewhere(t, prefix)
    const { heard, hears } = await listening(t, backend)
    const record = newRecord({ subject: 'alice', meta: { labels: ['staff'] } })
    for (const deed of [
      () => other.write(record.id, record, 0),
      () => other.write(record.id, nextOf(record), record.version),
      () => other.removeSubject('alice', {}),
      () => other.write(record.id, record),
      () => other.touch(record.id, record),
      () => other.removeLabel('staff', {}),
      () => other.remove(record.id)
    ]) {
      heard.length = 0
      await deed()
      await hears(record.id)
    }
  })
}

t.test('registrations share a connection, hear of their own sessions only, whatever their prefixes, and close it together', async t => {
  const admin = await sharedRedis(t)
  const prefix = newPrefix()
  const name = newName()
  const client = await sharedRedis(t, { connectionName: name, keyPrefix: 'app:' })
  const places = [{ prefix }, { prefix, property: 'admin' }, { prefix: `${prefix}admin:x:` }, { prefix: newPrefix() }]
  const backends = places.map(place => bound(client, place).backend)
  const ears = []
  for (const backend of backends) ears.push(await listening(t, backend))
  for (const ear of ears) await ear.lives()
  t.equal((await subscribers(admin, name)).length, 1)
  for (const [n, backend] of backends.entries()) {
    for (const { heard } of ears) heard.length = 0
    const record = newRecord({ subject: 'alice' })
    await backend.write(record.id, record, 0)
    await ears[n]!.hears(record.id)
    t.strictSame(ears.map(({ heard }) => heard.includes(record.id)), ears.map((_, other) => other === n))
  }
  for (const { watch } of ears.slice(1)) await watch.close()
  t.equal((await subscribers(admin, name)).length, 1)
  await ears[0]!.watch.close()
  t.equal(ears[0]!.watch.isLive, false)
  await until(async () => (await subscribers(admin, name)).length === 0, 'the connection is still there')
  const again = await listening(t, backends[0]!)
  await again.watch.close()
})

t.test('after CLIENT KILL it is not live, then anything may have changed, and it hears again', async t => {
  const admin = await sharedRedis(t)
  const name = newName()
  const { backend } = bound(await sharedRedis(t, { connectionName: name }))
  const ear = await listening(t, backend)
  for (let round = 0; round < 3; round++) {
    const [id] = await subscribers(admin, name)
    await admin.client('KILL', 'ID', id!)
    await hearsAgain(ear, backend)
    ear.heard.length = 0
  }
})

t.test('FLUSHALL is reported, an eviction of what Redis tracks does no harm, and after a restart it goes on', async t => {
  const server = await ownServer(t, 'redis', '--tracking-table-max-keys', '1')
  const client = redisAt(t, server.url)
  const { backend } = bound(client)
  const ear = await listening(t, backend)
  const records = Array.from({ length: 20 }, () => newRecord())
  for (const record of records) {
    await backend.write(record.id, record, 0)
    await backend.read(record.id)
  }
  for (const { id } of records) {
    await backend.remove(id)
    await ear.hears(id)
  }
  ear.heard.length = 0
  await client.flushall()
  await ear.hears(null)
  await server.kill()
  await until(() => !ear.watch.isLive, 'live without a server')
  ear.heard.length = 0
  await server.start()
  await ear.hears(null)
  await ear.lives()
  await backend.write(records[0]!.id, records[0]!, 0)
  await ear.hears(records[0]!.id)
})

t.test('a connection to Redis that is half open is not live within the lease, and is replaced', async t => {
  const proxy = await ownProxy(t, await sharedServer('redis'))
  const prefix = newPrefix()
  const { backend } = bound(redisAt(t, proxy.url), { prefix })
  const other = await elsewhere(t, prefix)
  const ear = await listening(t, backend, { lease: 300 })
  proxy.faults.isSilent = true
  t.ok(await ear.asks(2_500) <= 300, 'live for longer than the lease')
  // The connections that have lost bytes were given up, or are by now: new ones pass.
  proxy.heal()
  await ear.hears(null)
  await ear.lives()
  const record = newRecord()
  await other.write(record.id, record, 0)
  await ear.hears(record.id)
})

t.test('answers that come later than the lease are not live', async t => {
  const proxy = await ownProxy(t, await sharedServer('redis'))
  const { backend } = bound(redisAt(t, proxy.url))
  const ear = await listening(t, backend, { lease: 200 })
  proxy.faults.delayMs = 400
  await until(() => !ear.watch.isLive, 'live though all comes late')
  const record = newRecord()
  await backend.write(record.id, record, 0)
  await ear.hears(record.id)
  t.equal(ear.watch.isLive, false, 'a message proves nothing')
})

t.test('a user with the rights that the class names can watch, one without is told once', async t => {
  const server = await ownServer(t, 'redis')
  const admin = redisAt(t, server.url)
  const rights = '+get +getrange +setrange +set +unlink +pexpire +pttl +zadd +zrem +zscore +zrange +zremrangebyscore +eval +evalsha +scan +info +hello'.split(' ')
  const watching = ['+client|id', '+client|tracking', '+subscribe', '+ping', '&__redis__:invalidate']
  await admin.call('ACL', 'SETUSER', 'app', 'on', '>pw', '~mine:*', 'resetchannels', ...rights, ...watching)
  await admin.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~mine:*', 'resetchannels', ...rights)
  const { backend } = bound(redisAt(t, server.url, { username: 'app', password: 'pw' }), { prefix: 'mine:' })
  const ear = await listening(t, backend)
  const record = newRecord()
  await backend.write(record.id, record, 0)
  await ear.hears(record.id)
  const poor = bound(redisAt(t, server.url, { username: 'poor', password: 'pw' }), { prefix: 'mine:' })
  const ears = [openEar(t, poor.backend), openEar(t, poor.backend)]
  await until(() => poor.warnings.length > 0, 'nothing was said')
  t.strictSame(ears.map(({ watch }) => watch.isLive), [false, false])
  t.equal(poor.warnings.length, 1)
  t.match(poor.warnings[0], /\+client\|tracking.*__redis__:invalidate/)
})

t.test('a watch follows the master through sentinels', async t => {
  const { sentinelPort, name, master } = await ownSentinel(t)
  const client = closedAfter(t, new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinelPort }], name, failoverDetector: true }))
  const { backend } = bound(client)
  const ear = await listening(t, backend)
  // A sentinel that has not asked the replica itself gives up for minutes: it has nothing to fail over to.
  const sentinel = redisAt(t, `redis://127.0.0.1:${sentinelPort}`)
  await until(async () => {
    const [replica = []] = await sentinel.call('sentinel', 'replicas', name) as string[][]
    const told = (field: string) => replica[replica.indexOf(field) + 1]
    return told('flags') === 'slave' && told('master-link-status') === 'ok'
  }, 'the sentinel finds no replica')
  await master.kill()
  await hearsAgain(ear, backend)
})

t.test('a cluster is not watched', async t => {
  const { ports } = await ownCluster(t)
  const cluster = closedAfter(t, new Redis.Cluster(ports.map(port => ({ host: '127.0.0.1', port }))))
  await once(cluster, 'ready')
  t.equal(new RedisBackend(cluster).watch, undefined)
  t.equal(bound(cluster).backend.watch, undefined)
})
