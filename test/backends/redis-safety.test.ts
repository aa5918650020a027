import { Cluster } from 'ioredis'
import { createClient } from 'redis'
import t from 'tap'
import { BackendUnavailableError, InvalidOptionsError } from '../../lib/errors.ts'
import { RedisBackend } from '../../lib/redis.ts'
import { bound, newPrefix, newRecord, nextOf, redisAt, sharedRedis } from '../helpers/redis.ts'
import { ownServer } from '../helpers/servers.ts'

const make = (client: unknown, options?: unknown) => () => new RedisBackend(client as never, options as never)

t.test('a client that is none of ioredis is refused, with what to do, and without its password', async t => {
  const nodeRedis = createClient()
  const client = await sharedRedis(t)
  for (const wrong of [undefined, null, 5, {}, { host: 'localhost' }, 'redis://user:hunter2@host', nodeRedis, client.pipeline()]) {
    try {
      make(wrong)()
      t.fail('was taken')
    } catch (error) {
      t.ok(error instanceof InvalidOptionsError)
      t.match((error as Error).message, /client.*ioredis|pipeline/)
      t.notMatch((error as Error).message, /hunter2/)
    }
  }
})

t.test('clients that read from replicas are refused, since a destroyed session would still be there', async t => {
  const cluster = new Cluster([{ port: 1, host: '127.0.0.1' }], { scaleReads: 'slave', lazyConnect: true })
  t.throws(make(cluster), { message: /scaleReads/ })
  t.throws(make(redisAt(t, 'redis://127.0.0.1:1', { role: 'slave', lazyConnect: true })), { message: /role/ })
  cluster.disconnect()
})

t.test('a prefix is text that is not empty and well-formed', async t => {
  const client = await sharedRedis(t)
  for (const prefix of ['', 5, null, '\ud800']) t.throws(make(client, { prefix }), InvalidOptionsError)
  t.throws(make(client, { prefx: 'a' }), { message: /prefx/ })
})

t.test('a client that was closed stops the start', async t => {
  const client = await sharedRedis(t)
  const { backend } = bound(client)
  await client.quit()
  if (client.status !== 'end') await new Promise(resolve => { client.once('end', resolve) })
  await t.rejects(backend.prepare(), InvalidOptionsError)
})

t.test('a server that is down does not', async t => {
  const client = redisAt(t, 'redis://127.0.0.1:1', { maxRetriesPerRequest: 0, retryStrategy: () => 1_000 })
  const error = await bound(client).backend.prepare().catch((error: unknown) => error)
  t.ok(error instanceof Error)
  t.notOk(error instanceof InvalidOptionsError)
})

t.test('a user with the rights that the class names can do everything, one without is told at the start', async t => {
  const server = await ownServer(t, 'redis')
  const admin = redisAt(t, server.url)
  const rights = '+get +getrange +setrange +set +unlink +pexpire +pttl +zadd +zrem +zscore +zrange +zremrangebyscore +eval +evalsha +scan'.split(' ')
  await admin.call('ACL', 'SETUSER', 'app', 'on', '>pw', '~mine:*', '+info', '+hello', ...rights)
  await admin.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~mine:*', '+info', '+hello', '+get')
  const { backend } = bound(redisAt(t, server.url, { username: 'app', password: 'pw' }), { prefix: 'mine:' })
  await backend.prepare()
  const [alice, anonymous] = [newRecord({ subject: 'alice' }), newRecord()]
  for (const record of [alice, anonymous]) t.equal(await backend.write(record.id, record, 0), record.id)
  t.equal(await backend.touch(alice.id, alice), true)
  t.equal(await backend.exists(alice.id), true)
  t.equal(await backend.count({}), 2)
  t.equal((await backend.list({ subject: 'alice' })).sessions.length, 1)
  t.equal(await backend.removeSubject('alice', {}), 1)
  await backend.remove(anonymous.id)
  await backend.removeAll()
  t.strictSame(await admin.keys('*'), [])
  const poor = bound(redisAt(t, server.url, { username: 'poor', password: 'pw' }), { prefix: 'mine:' })
  await t.rejects(poor.backend.prepare(), { name: 'InvalidOptionsError', message: /NOPERM/ })
})

t.test('a key of another type counts as absent, and is replaced by a session', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend, warnings } = bound(client, { prefix })
  const record = newRecord()
  await client.rpush(prefix + record.id, 'a', 'b')
  t.equal(await backend.read(record.id), null)
  t.equal(await backend.read(record.id), null)
  t.strictSame(warnings.map(warning => warning.includes('absent')), [true])
  t.equal(await backend.exists(record.id), false)
  t.equal(await backend.touch(record.id, record), false)
  t.equal(await backend.count({}), 0)
  t.equal(await backend.write(record.id, nextOf(record), record.version), null)
  t.equal(await backend.write(record.id, record, 0), record.id)
  t.same(await backend.read(record.id), record)
})

t.test('a text that is no session counts as absent', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend, warnings } = bound(client, { prefix })
  const record = newRecord()
  await client.set(prefix + record.id, '{"cookie":{}}')
  t.equal(await backend.read(record.id), null)
  t.equal(await backend.exists(record.id), false)
  t.strictSame(warnings.map(warning => warning.includes('cookie')), [false])
  t.equal(await backend.write(record.id, record, 0), record.id)
})

t.test('a session of a newer format is not taken for absent, and ends with its subject', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend } = bound(client, { prefix })
  const record = newRecord({ subject: 'alice' })
  await backend.write(record.id, record, 0)
  await client.setrange(prefix + record.id, 0, '2')
  await t.rejects(backend.read(record.id), BackendUnavailableError)
  await t.rejects(backend.write(record.id, nextOf(record), 0), BackendUnavailableError)
  t.equal(await backend.removeSubject('alice', {}), 1)
  t.equal((await backend.read(record.id))?.data, '')
})

t.test('ids from outside reach no key but a session\'s', async t => {
  const client = await sharedRedis(t)
  const prefix = newPrefix()
  const { backend } = bound(client, { prefix })
  await client.set(`${prefix}secret`, 'x')
  t.equal(await backend.read('secret'), null)
  t.equal(await backend.exists('secret'), false)
  await backend.remove('secret')
  t.equal(await client.get(`${prefix}secret`), 'x')
  await t.rejects(backend.write('secret', newRecord()), TypeError)
  await t.rejects(backend.write(newRecord().id, newRecord({ expiresAt: 1.5 })), TypeError)
})

t.test('scripts that the server has forgotten are sent again', async t => {
  const server = await ownServer(t, 'redis', '--appendonly', 'yes')
  const client = redisAt(t, server.url)
  const { backend } = bound(client)
  let record = newRecord()
  await backend.write(record.id, record, 0)
  await client.script('FLUSH')
  const second = nextOf(record)
  t.equal(await backend.write(record.id, second, record.version), record.id)
  record = second
  await server.kill()
  await server.start()
  t.equal(await backend.touch(record.id, record), true)
  const third = nextOf(record)
  t.equal(await backend.write(record.id, third, record.version), record.id)
})

t.test('a touch that comes late does not take back a later one', async t => {
  const { backend } = bound(await sharedRedis(t))
  const record = newRecord()
  await backend.write(record.id, record, 0)
  const later = { ...record, lastAccessedAt: record.lastAccessedAt + 10, expiresAt: record.expiresAt + 10 }
  await backend.touch(record.id, later)
  await backend.touch(record.id, record)
  t.equal((await backend.read(record.id))?.expiresAt, later.expiresAt)
})

t.test('a command that fails for another reason is not taken for an absent session', async t => {
  const server = await ownServer(t, 'redis')
  const client = redisAt(t, server.url)
  const { backend } = bound(client, { prefix: 'p:' })
  await client.call('ACL', 'SETUSER', 'default', 'resetkeys', '~other:*')
  const { id } = newRecord()
  await t.rejects(backend.read(id), { message: /NOPERM/ })
  await t.rejects(backend.exists(id), { message: /NOPERM/ })
  await t.rejects(backend.write(id, { ...newRecord(), id }, 0), { message: /NOPERM|permission/ })
})
