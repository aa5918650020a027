import { Redis } from 'ioredis'
import Redis5 from 'ioredis-5'
import t from 'tap'
import { RedisBackend } from '../../lib/redis.ts'
import { testBackend } from '../../lib/testing/index.ts'
import { newPrefix } from '../helpers/redis.ts'
import { sharedServer } from '../helpers/servers.ts'

const url = await sharedServer('redis')

t.test('keeps every promise with ioredis 6', async t => {
  const client = new Redis(url)
  t.teardown(() => { client.disconnect() })
  await testBackend(t, () => new RedisBackend(client, { prefix: newPrefix() }))
})

t.test('keeps every promise with ioredis 5', async t => {
  const client = new Redis5.Redis(url)
  t.teardown(() => { client.disconnect() })
  await testBackend(t, () => new RedisBackend(client, { prefix: newPrefix() }))
})
