import { Kysely, PostgresDialect } from 'kysely'
import t from 'tap'
import { CachedBackend } from '../../../lib/cached.ts'
import { MemoryBackend } from '../../../lib/index.ts'
import { RedisBackend } from '../../../lib/redis.ts'
import { testBackend } from '../../../lib/testing/index.ts'
import { freshBackend, pgPool } from '../../helpers/databases.ts'
import { MinimalBackend } from '../../helpers/minimal-backend.ts'
import { ownProxy } from '../../helpers/proxy.ts'
import { newPrefix, redisAt, sharedRedis } from '../../helpers/redis.ts'
import { sharedServer } from '../../helpers/servers.ts'

t.test('in front of memory it keeps every promise of a backend', t => testBackend(t, () => new CachedBackend(new MemoryBackend()), { watch: true, labels: true }))

t.test('in front of three methods it keeps what they keep', t => testBackend(t, () => new CachedBackend(new MinimalBackend()), { registrations: false }))

t.test('in front of Redis it keeps every promise of a backend', async t => {
  const client = await sharedRedis(t)
  await testBackend(t, () => new CachedBackend(new RedisBackend(client, { prefix: newPrefix() })), { watch: true, labels: true })
})

t.test('in front of Redis with slow answers it keeps every promise of a backend', async t => {
  const proxy = await ownProxy(t, await sharedServer('redis'))
  proxy.faults.delayMs = 3
  const client = redisAt(t, proxy.url)
  await testBackend(t, () => new CachedBackend(new RedisBackend(client, { prefix: newPrefix() })))
})

t.test('in front of PostgreSQL it keeps every promise of a backend', async t => {
  const pool = pgPool(await sharedServer('postgres'))
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  await testBackend(t, async () => new CachedBackend(await freshBackend(t, db, { pool })), { watch: true, labels: true })
})
