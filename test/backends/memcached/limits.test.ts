import t from 'tap'
import { CookieBackend } from '../../../lib/index.ts'
import { MemcachedBackend } from '../../../lib/memcached.ts'
import { boundBackend, ownClient, say } from '../../helpers/memcached.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { ownServer, sharedServer } from '../../helpers/servers.ts'

const SET = 1
const ADD = 2
const DEFAULT_LIMIT = 1_048_064

t.test('what is too large is refused before it is sent, and the stored session survives', async t => {
  const { backend } = boundBackend(ownClient(t, [await sharedServer('memcached')]))
  const record = newRecord()
  await backend.write(record.id, record, 0)
  const data = { small: 1, large: 'é'.repeat(600_000) }
  const tooLarge = nextOf(record, { data: JSON.stringify(data) })
  await t.rejects(backend.write(record.id, tooLarge, record.version, { data }), { name: 'SessionTooLargeError', limit: DEFAULT_LIMIT, keys: [['large', 1_200_010], ['small', 9]] })
  await t.rejects(backend.write(record.id, tooLarge, record.version), { name: 'SessionTooLargeError', keys: [] })
  t.equal((await backend.read(record.id))?.version, record.version)
})

t.test('a session of nearly a megabyte is kept, in letters of several bytes', async t => {
  const { backend } = boundBackend(ownClient(t, [await sharedServer('memcached')], { timeout: 5 }))
  for (const data of ['🧺'.repeat(261_900), 'é'.repeat(523_850)]) {
    const record = newRecord({ data })
    t.equal(await backend.write(record.id, record, 0), record.id)
    t.equal((await backend.read(record.id))?.data, data)
  }
})

t.test('a server that takes less than it was said to makes the same error', async t => {
  const { port } = await ownServer(t, 'memcached', '-I', '512k')
  const { backend } = boundBackend(ownClient(t, [port]))
  const record = newRecord({ data: 'x'.repeat(600_000) })
  await t.rejects(backend.write(record.id, record, 0), { name: 'SessionTooLargeError' })
  const { backend: fitting } = boundBackend(ownClient(t, [port]), { maxItemBytes: 523_776 })
  const large = newRecord({ data: 'x'.repeat(523_500) })
  t.equal(await fitting.write(large.id, large, 0), large.id)
})

t.test('ids that are no keys never reach the client', async t => {
  const client = ownClient(t, [1])
  const { backend } = boundBackend(client)
  const record = newRecord()
  for (const id of ['a b\r\n', '', 'é', 'a\0', 'x'.repeat(251)]) {
    t.equal(await backend.read(id), null)
    t.equal(await backend.exists(id), false)
    t.equal(await backend.touch(id, record), false)
    await backend.remove(id)
    await t.rejects(backend.write(id, record, 0), { name: 'NotSupportedError' })
  }
})

t.test('something else under a key is no session; it is warned of once, and can be written over', async t => {
  const { port } = await ownServer(t, 'memcached')
  const { backend, root, prefix, warnings, keyOf } = boundBackend(ownClient(t, [port]))
  const record = newRecord()
  for (const garbage of ['', 'garbage', 'fs1 \n', `fs1 ${record.id} a 1 1\nx`]) {
    await say(port, `set ${keyOf(record.id)} 0 0 ${garbage.length}\r\n${garbage}`)
    t.equal(await backend.read(record.id), null)
  }
  t.equal(warnings.length, 1)
  t.equal(await backend.write(record.id, record, 0), record.id)
  t.equal((await backend.read(record.id))?.version, record.version)
  await say(port, `set ${keyOf(record.id)} 0 0 7\r\ngarbage`)
  t.equal(await root.read(record.id), null, 'without a log too')
  await say(port, `set ${prefix}${record.id} 0 0 7\r\nfs2 ???`)
  await say(port, `set ${prefix}${record.id} 0 0 8\r\nfs2 ???\n`)
  await t.rejects(backend.read(record.id), { name: 'BackendUnavailableError', detail: /newer version/ })
})

t.test('a write that is always overtaken gives up, and a touch then counts as done', async t => {
  const client = ownClient(t, [await sharedServer('memcached')])
  const { backend } = boundBackend(client)
  const record = newRecord()
  const server = client.servers[0] as unknown as { write (bytes: Buffer): void }
  const write = server.write.bind(server)
  let rival = Buffer.alloc(0)
  // Right before each SET the first record is stored again, as a parallel touch would do.
  server.write = bytes => {
    const [, opcode] = bytes
    if (opcode === ADD && bytes.includes(record.id + ' ')) {
      rival = Buffer.from(bytes)
      rival[1] = SET
      rival.fill(0, 12, 24)
    }
    if (opcode === SET) write(rival)
    write(bytes)
  }
  await backend.write(record.id, record, 0)
  t.equal(await backend.touch(record.id, record), true)
  await t.rejects(backend.write(record.id, nextOf(record), record.version), { name: 'BackendUnavailableError', detail: /changed 20 times/ })
  t.equal((await backend.read(record.id))?.version, record.version)
})

t.test('a wrong client, wrong options, or failover do not start', async t => {
  const client = ownClient(t, [1])
  const refuses = (given: unknown, options: unknown, message: RegExp) => {
    t.throws(() => new MemcachedBackend(given as never, options as never), { name: 'InvalidOptionsError', message })
  }
  for (const given of [undefined, null, 'localhost:11211', {}, new CookieBackend(), { servers: [], perform () {} }, { ...client, server () {}, perform () {}, servers: 1 }]) refuses(given, {}, /client` to be a client of memjs/)
  refuses(Object.assign(Object.create(client), { servers: [] }), {}, /client.servers` to be at least one server/)
  refuses(Object.assign(Object.create(client), { servers: [{}] }), {}, /client.servers` to be servers of memjs 1.3/)
  refuses(ownClient(t, [1, 2], { failover: true }), {}, /client.options.failover` to be false/)
  for (const prefix of ['a b', 'é', 'x'.repeat(101), 1]) refuses(client, { prefix }, /MemcachedBackend.prefix/)
  for (const maxItemBytes of [0, 1.5, '1m', 2 ** 31]) refuses(client, { maxItemBytes }, /MemcachedBackend.maxItemBytes/)
  refuses(client, { prefixes: '' }, /Unknown option/)
  refuses(client, null, /MemcachedBackend/)
})

t.test('a client that names no server makes its sessions unavailable', async t => {
  const client = ownClient(t, [1])
  client.server = () => undefined
  await t.rejects(boundBackend(client).backend.read('a'), { name: 'BackendUnavailableError' })
})
