import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { ownCuttingProxy } from '../../helpers/cutting-proxy.ts'
import { boundBackend, ownClient } from '../../helpers/memcached.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { ownServer, sharedServer } from '../../helpers/servers.ts'

const GETK = 0x0c
const OUT_OF_MEMORY = 0x82

const portOf = (url: string) => Number(new URL(url).port)

async function bench (t: Test, options: object = {}) {
  const port = portOf(await sharedServer('memcached'))
  const proxy = await ownCuttingProxy(t, port)
  const client = ownClient(t, [proxy.port], options)
  const { backend, prefix, warnings } = boundBackend(client)
  const { backend: direct } = boundBackend(ownClient(t, [port]), { prefix })
  const [alice, bob] = [newRecord({ data: '{"user":"alice"}', subject: 'alice' }), newRecord({ data: '{"user":"bobby"}', subject: 'bobby' })]
  for (const record of [alice, bob]) await direct.write(record.id, record, 0)
  return { proxy, client, backend, direct, alice, bob, warnings }
}

t.test('an answer cut anywhere, then the connection, gives no request the answer of another', async t => {
  const { proxy, backend, alice, bob } = await bench(t)
  for (let at = 0; at < 400; at += 7) {
    await backend.read(bob.id)
    proxy.answering = (bytes, client) => {
      proxy.answering = null
      client.end(bytes.subarray(0, at))
    }
    const answers = await Promise.all([backend.read(alice.id), backend.read(bob.id), backend.read(alice.id)])
    if (answers.some((found, n) => found?.id !== [alice, bob, alice][n]!.id)) t.fail(`cut at ${at}`)
    const [first, second] = [await backend.read(bob.id), await backend.read(alice.id)]
    if (first?.subject !== 'bobby' || second?.subject !== 'alice') t.fail(`after the cut at ${at}`)
  }
  t.ok(proxy.connections > 50, 'each on a connection of its own')
})

t.test('all that is pending on a connection settles when the server closes it; reads are asked once more', async t => {
  const { proxy, backend, direct, alice, bob } = await bench(t)
  await backend.read(alice.id)
  proxy.answering = (_bytes, client) => { client.end() }
  const next = nextOf(alice)
  const answers = await Promise.allSettled([backend.write(alice.id, next, alice.version), backend.remove(bob.id), backend.read(alice.id), backend.touch(bob.id, bob)])
  t.ok(answers.every(({ status }) => status === 'rejected'))
  proxy.answering = null
  t.equal((await backend.read(alice.id))?.version, next.version, 'the write was carried out: who repeats it is told so')
  t.equal(await backend.write(alice.id, next, alice.version), alice.id)
  t.equal(await direct.read(bob.id), null)
})

t.test('answers of another request are never taken for an answer, found or not', async t => {
  const { proxy, backend, alice, bob } = await bench(t)
  const missing = newRecord()
  const answersOf = async (id: string): Promise<Buffer> => {
    let kept!: Buffer
    proxy.answering = (bytes, client) => { client.write(kept = bytes) }
    await backend.read(id)
    return kept
  }
  for (const foreign of [await answersOf(bob.id), await answersOf(missing.id)]) {
    let isFirst = true
    proxy.answering = (bytes, client) => {
      const sent = isFirst ? Buffer.from(foreign) : bytes
      isFirst = false
      bytes.copy(sent, 12, 12, 16)
      client.write(sent)
    }
    t.equal((await backend.read(alice.id))?.subject, 'alice', 'asked once more')
    proxy.answering = (bytes, client) => {
      const forged = Buffer.from(foreign)
      bytes.copy(forged, 12, 12, 16)
      client.write(forged)
    }
    await t.rejects(backend.read(alice.id), { name: 'LostConnectionError' })
  }
})

t.test('a payload that changes on its way is no session and no missing one', async t => {
  const { proxy, backend, alice, bob, warnings } = await bench(t)
  const alter = (only: number, text: string, by: string) => {
    let n = 0
    proxy.answering = (bytes, client) => { client.write(n++ < only ? Buffer.from(bytes.toString('latin1').replace(text, by.slice(0, -1) + String(n % 10)), 'latin1') : bytes) }
  }
  alter(1, '"user":"alice"', '"user":"alicX"')
  t.equal((await backend.read(alice.id))?.subject, 'alice', 'asked once more')
  alter(1, alice.id, bob.id)
  t.equal((await backend.read(alice.id))?.subject, 'alice')
  alter(Infinity, '"user":"alice"', '"user":"alicX"')
  await t.rejects(backend.read(alice.id), { name: 'BackendUnavailableError' })
  proxy.answering = null
  t.equal((await backend.read(alice.id))?.subject, 'alice')
  t.strictSame(warnings, [])
})

t.test('a frozen server: nothing waits longer than the client says, however many more ask', async t => {
  const server = await ownServer(t, 'memcached')
  const { backend } = boundBackend(ownClient(t, [server.port], { timeout: 0.3 }))
  const record = newRecord()
  await backend.write(record.id, record, 0)
  server.freeze()
  const start = Date.now()
  const first = backend.read(record.id).then(() => 'answered', () => 'failed')
  const others: Array<Promise<unknown>> = []
  const asking = setInterval(() => { others.push(backend.read(record.id).catch(() => null)) }, 50)
  t.equal(await first, 'failed')
  clearInterval(asking)
  t.ok(Date.now() - start < 1_500)
  await Promise.all(others)
  server.thaw()
  t.equal((await backend.read(record.id))?.version, record.version)
})

t.test('many requests use one connection, and numbers that a client runs out of are not used', async t => {
  const { proxy, client, backend, alice } = await bench(t);
  (client as { seq: number }).seq = 2 ** 31 - 1
  await Promise.all(Array.from({ length: 500 }, () => backend.read(alice.id)))
  t.equal(proxy.connections, 1)
  t.equal(client.seq, 2 ** 31 - 1)
})

t.test('close leaves the client as it was, once the last backend is closed', async t => {
  const { client, backend, alice, bob } = await bench(t)
  const { backend: other } = boundBackend(client)
  await Promise.all([backend.read(alice.id), other.read(bob.id)])
  const server = client.servers[0] as unknown as { _socket: Socket }
  const listeners = () => server._socket.listenerCount('close')
  const hooked = listeners()
  backend.close()
  backend.close()
  t.equal(listeners(), hooked)
  other.close()
  t.equal(listeners(), hooked - 1)
  t.notOk(Object.hasOwn(server, 'error') || Object.hasOwn(server, 'sock'))
  t.strictSame((await client.get('nothing')).value, null)
  t.equal((await backend.read(alice.id))?.subject, 'alice', 'and it can be used again')
  backend.close()
})

t.test('a server that is out of memory, or busy, is an error and no missing session', async t => {
  const { proxy, backend, alice } = await bench(t)
  await backend.read(alice.id)
  const refuse = (isRefused: (frame: Buffer) => boolean) => {
    proxy.answering = (bytes, client) => {
      for (let at = 0; at < bytes.length; at += 24 + bytes.readUInt32BE(at + 8)) {
        if (isRefused(bytes.subarray(at))) bytes.writeUInt16BE(OUT_OF_MEMORY, at + 6)
      }
      client.write(bytes)
    }
  }
  const error = { name: 'BackendUnavailableError', detail: 'Memcached refused the command with status 0x82' }
  refuse(frame => frame[1] !== GETK)
  await t.rejects(backend.write(alice.id, nextOf(alice), alice.version), error)
  await t.rejects(backend.remove(alice.id), error)
  await t.rejects(backend.removeAll(), { name: 'BackendUnavailableError', cause: error })
  refuse(frame => frame[1] === GETK && frame.includes(alice.id))
  await t.rejects(backend.read(alice.id), error)
  refuse(frame => frame[1] === GETK && frame.includes('::generation'))
  await t.rejects(backend.read(alice.id), error)
})

t.test('a connection that was given up can do no harm any more', async t => {
  const { client, backend, alice } = await bench(t)
  await backend.read(alice.id)
  const server = client.servers[0] as unknown as { _socket: Socket, error (error: unknown): void }
  const old = server._socket
  const pending = backend.remove(alice.id)
  server.error('given up by memjs, which says so with a string')
  await t.rejects(pending, { name: 'LostConnectionError' })
  old.emit('error', new Error('late'))
  t.ok(old.destroyed)
  t.equal(await backend.exists(newRecord().id), false)
})

t.test('refused credentials are an error that says so; bytes that are no answer end the connection', async t => {
  const { proxy, client, backend, alice } = await bench(t)
  const server = client.servers[0] as unknown as { error (error: unknown): void }
  const pending = backend.read(alice.id)
  server.error('Memcached server authentication failed!')
  await t.rejects(pending, { message: 'Memcached server authentication failed!' })
  proxy.answering = (bytes, socket) => {
    bytes[0] = 0
    socket.write(bytes)
  }
  await t.rejects(backend.read(alice.id), { name: 'LostConnectionError' })
  proxy.answering = null
  t.equal((await backend.read(alice.id))?.subject, 'alice')
})
