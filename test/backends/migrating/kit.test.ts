import t, { type Test } from 'tap'
import { FileBackend } from '../../../lib/file.ts'
import { MemoryBackend, type SessionBackend } from '../../../lib/index.ts'
import { MigratingBackend } from '../../../lib/migrate.ts'
import { RedisBackend } from '../../../lib/redis.ts'
import { testBackend } from '../../../lib/testing/index.ts'
import { freshBackend, openDatabase } from '../../helpers/databases.ts'
import { MinimalBackend } from '../../helpers/minimal-backend.ts'
import { newPrefix, sharedRedis } from '../../helpers/redis.ts'

type Create = () => SessionBackend | Promise<SessionBackend>

const promises = { atomic: true, touch: true, list: true, count: true, removeExpired: true, removeAll: true, removeSubject: true, removeLabel: true }

/** Both steps of a migration, each with nothing stored. */
async function testSteps (t: Test, old: Create, next: Create, capabilities: Parameters<typeof testBackend>[2]): Promise<void> {
  await t.test('step one', async t => {
    await testBackend(t, async () => new MigratingBackend(await old(), { also: await next() }), capabilities)
  })
  await t.test('step two', async t => {
    await testBackend(t, async () => new MigratingBackend(await next(), { from: await old() }), capabilities)
  })
}

const memory = (): SessionBackend => new MemoryBackend()

t.test('from memory to memory it keeps every promise of a backend', async t => {
  await testSteps(t, memory, memory, promises)
})

t.test('from memory to files it keeps every promise of a backend', async t => {
  await testSteps(t, memory, () => new FileBackend({ directory: t.testdir() }), promises)
})

t.test('from Redis to PostgreSQL it keeps every promise of a backend', async t => {
  const client = await sharedRedis(t)
  const { db } = await openDatabase(t, 'PostgreSQL')
  await testSteps(t, () => new RedisBackend(client, { prefix: newPrefix() }), () => freshBackend(t, db), promises)
})

t.test('from a minimal backend it keeps every promise of a minimal backend', async t => {
  await testSteps(t, () => new MinimalBackend(), () => new MinimalBackend(), { registrations: false })
})
