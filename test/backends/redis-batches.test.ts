import type { Socket } from 'node:net'
import { Redis as Redis5 } from 'ioredis-5'
import t from 'tap'
import { RedisBackend } from '../../lib/redis.ts'
import { bound, newPrefix, newRecord, sharedRedis } from '../helpers/redis.ts'
import { sharedServer } from '../helpers/servers.ts'

/** How many commands each system call took. */
function watched (stream: Socket): number[] {
  const calls: number[] = []
  const { _write, _writev } = stream
  stream._write = (...args) => {
    calls.push(1)
    _write.apply(stream, args)
  }
  stream._writev = (...args) => {
    calls.push(args[0].length)
    _writev!.apply(stream, args)
  }
  return calls
}

t.test('what is sent in one turn of the event loop leaves together', async t => {
  const client5 = new Redis5(await sharedServer('redis'))
  t.teardown(() => { client5.disconnect() })
  for (const client of [await sharedRedis(t), client5]) {
    await client.ping()
    const backend = new RedisBackend(client, { prefix: newPrefix() })
    const records = [newRecord(), newRecord(), newRecord()]
    // The server learns the script.
    await backend.write(records[0]!.id, records[0]!, 0)
    await backend.remove(records[0]!.id)
    const calls = watched(client.stream as Socket)
    await Promise.all(records.map(record => backend.write(record.id, record, 0)))
    t.strictSame(await Promise.all(records.map(({ id }) => backend.read(id))), records)
    t.equal(await backend.read(records[0]!.id).then(record => record?.id), records[0]!.id)
    t.strictSame(calls, [3, 3, 1])
  }
})

t.test('what was sent before the client quits is answered', async t => {
  const client = await sharedRedis(t)
  const { backend } = bound(client)
  await client.ping()
  const [read, quit] = await Promise.all([backend.read('a'.repeat(64)), client.quit()])
  t.equal(read, null)
  t.equal(quit, 'OK')
})

t.test('what was sent in the turn in which the connection breaks is a failed call', async t => {
  const client = await sharedRedis(t, { maxRetriesPerRequest: 0 })
  const { backend } = bound(client)
  await client.ping()
  const reading = backend.read('a'.repeat(64))
  ;(client.stream as Socket).destroy()
  await t.rejects(reading)
  t.equal(await backend.read('a'.repeat(64)), null, 'the next one goes out on a new connection')
})
