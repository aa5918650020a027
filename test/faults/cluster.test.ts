import { Cluster } from 'ioredis'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { RedisBackend } from '../../lib/redis.ts'
import { ownCluster } from '../helpers/servers.ts'
import { visitor } from '../helpers/troubled.ts'

const LIMIT_MS = 30_000

t.test('a node of a Redis Cluster dies: its replica takes over, with all sessions that it has, and nobody restarts the application', async t => {
  const { servers } = await ownCluster(t, 1)
  const client = new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port })))
  client.on('error', () => {})
  t.teardown(() => { client.disconnect() })
  const it = await visitor(t, new RedisBackend(client))
  for (let i = 0; i < 10; i++) t.equal((await it.go(`/set/k${i}/${i}`)).statusCode, 200)
  const before = await it.data()

  // Redis does not wait for its replicas: a dying master loses the writes that it has not sent yet.
  const id = (await it.app.sessions.list()).sessions[0]!.id
  const node = await nodeOf(client, id)
  await until(async () => Number(await node.client.wait(1, 100)) === 1)
  await servers.find(({ port }) => port === node.port)!.kill()
  await it.assertUnavailable('/set/lost/1')

  const data = await it.recovered()
  t.match(data, before)
  await until(async () => (await it.go('/set/after/1')).statusCode === 200)
  t.match(await it.recovered(), { ...before, after: 1 })
})

/** The master that stores a session. */
async function nodeOf (client: Cluster, id: string): Promise<{ port: number, client: import('ioredis').Redis }> {
  for (const node of client.nodes('master')) {
    const keys = await node.keys(`*${id}*`)
    if (keys.length > 0) return { port: node.options.port!, client: node }
  }
  throw new Error('no node has the session')
}

async function until (isDone: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS
  while (!await isDone()) {
    if (performance.now() > limit) throw new Error('it took too long')
    await pause(20)
  }
}
