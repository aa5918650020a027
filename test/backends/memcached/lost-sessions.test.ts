import t from 'tap'
import { boundBackend, ownClient, say, ttlOf } from '../../helpers/memcached.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { ownServer } from '../../helpers/servers.ts'
import { DAY_MS } from '../../helpers/times.ts'

const DAY_S = 86_400

t.test('a server lets a session live a little longer than asked, never less, up to 30 days and beyond', async t => {
  const { port } = await ownServer(t, 'memcached')
  const { backend, keyOf } = boundBackend(ownClient(t, [port]))
  for (const [days, least, most] of [[1, 0, 3], [29.9999, 0, 3], [30, 0, 3605], [31, 0, 3605], [400, 0, 3605]] as const) {
    const record = newRecord({ expiresAt: Date.now() + days * DAY_MS })
    await backend.write(record.id, record, 0)
    const extra = await ttlOf(port, keyOf(record.id)) - days * DAY_S
    t.ok(extra >= least - 1 && extra <= most, `${days} days: ${extra} s more`)
    t.ok(await backend.read(record.id))
  }
  const late = newRecord({ expiresAt: Date.now() + 40_000 * DAY_MS })
  await backend.write(late.id, late, 0)
  t.equal(await ttlOf(port, keyOf(late.id)), -1, 'what a server cannot count to stays until its deadline is read')
})

t.test('touch moves the expiration of the server too', async t => {
  const { port } = await ownServer(t, 'memcached')
  const { backend, keyOf } = boundBackend(ownClient(t, [port]))
  const record = newRecord()
  await backend.write(record.id, record, 0)
  t.equal(await backend.touch(record.id, { ...record, expiresAt: record.expiresAt + DAY_MS }), true)
  t.ok(await ttlOf(port, keyOf(record.id)) > DAY_S)
})

t.test('an eviction is a lost session, never an error; what is left is whole', async t => {
  const { port } = await ownServer(t, 'memcached', '-m', '2')
  const { backend } = boundBackend(ownClient(t, [port], { timeout: 5 }))
  const records = Array.from({ length: 1_500 }, (_, n) => newRecord({ data: JSON.stringify({ n, text: 'x'.repeat(4_000) }) }))
  let live = 0
  for (const record of records) await backend.write(record.id, record, 0)
  for (const record of records) {
    const found = await backend.read(record.id)
    if (found === null) continue
    live++
    if (found.data !== record.data) t.fail('another payload')
  }
  t.ok(live > 0 && live < records.length, `${live} of ${records.length} are left: the generation has outlived them`)
  const gone = records[0]!
  t.equal(await backend.write(gone.id, nextOf(gone), gone.version), null)
})

t.test('after a restart of the server the sessions are gone, and nothing fails', async t => {
  const server = await ownServer(t, 'memcached')
  const { backend } = boundBackend(ownClient(t, [server.port]))
  const [record, other] = [newRecord(), newRecord()]
  for (const each of [record, other]) await backend.write(each.id, each, 0)
  await server.kill()
  await server.start()
  t.equal(await backend.read(record.id), null)
  t.equal(await backend.write(other.id, nextOf(other), other.version), null)
  t.equal(await backend.write(record.id, record, 0), record.id)
  t.equal((await backend.read(record.id))?.version, record.version)
})

t.test('a server that is down fails its own sessions only, and then its revocation', async t => {
  const [down, up] = await Promise.all([ownServer(t, 'memcached'), ownServer(t, 'memcached')])
  const client = ownClient(t, [down.port, up.port])
  const { backend, keyOf } = boundBackend(client)
  const records = Array.from({ length: 20 }, () => newRecord())
  for (const record of records) await backend.write(record.id, record, 0)
  await backend.prepare()
  await down.kill()
  for (const record of records) {
    const isDown = Number(client.server(keyOf(record.id))!.port) === down.port
    if (isDown) await t.rejects(backend.read(record.id))
    else t.equal((await backend.read(record.id))?.version, record.version)
  }
  await t.rejects(backend.prepare(), { name: 'BackendUnavailableError', detail: '1 of 2 Memcached servers do not answer' })
  await t.rejects(backend.removeAll(), { name: 'BackendUnavailableError' })
  for (const record of records.filter(({ id }) => Number(client.server(keyOf(id))!.port) === up.port)) t.equal(await backend.read(record.id), null)
})

t.test('revoking all reaches sessions that another process knows, and sessions begun afterwards live', async t => {
  const { port } = await ownServer(t, 'memcached')
  const { backend: one, prefix, keyOf } = boundBackend(ownClient(t, [port]))
  const { backend: two } = boundBackend(ownClient(t, [port]), { prefix })
  const [old, fresh] = [newRecord(), newRecord()]
  await one.write(old.id, old, 0)
  await two.removeAll()
  t.equal(await one.write(old.id, nextOf(old), old.version), null, 'a write under way cannot keep it')
  t.equal(await one.read(old.id), null)
  t.equal(await one.touch(old.id, old), false)
  await two.removeAll()
  t.equal(await one.write(fresh.id, fresh, 0), fresh.id, 'although this process knew another generation')
  t.equal((await two.read(fresh.id))?.version, fresh.version)
  await say(port, `delete ${keyOf(':generation')}`)
  t.equal(await two.read(fresh.id), null, 'a lost generation means that all are revoked')
  await say(port, `set ${keyOf(':generation')} 0 0 3\r\n!!!`)
  t.equal(await two.write(fresh.id, fresh, 0), fresh.id, 'and so does one that makes no sense')
  t.ok(await one.exists(fresh.id))
})

t.test('registrations with other properties are revoked apart', async t => {
  const { port } = await ownServer(t, 'memcached')
  const client = ownClient(t, [port])
  const { backend: one, prefix } = boundBackend(client)
  const { backend: two } = boundBackend(client, { prefix }, 'admin')
  const { backend: odd } = boundBackend(client, { prefix }, 'a name with spaces')
  const record = newRecord()
  for (const backend of [one, two, odd]) await backend.write(record.id, record, 0)
  await one.removeAll()
  t.equal(await one.read(record.id), null)
  for (const backend of [two, odd]) t.ok(await backend.read(record.id))
})

t.test('the server of a session is named; one that is down takes away its own sessions and no others', async t => {
  const servers = await Promise.all([ownServer(t, 'memcached'), ownServer(t, 'memcached')])
  const { backend } = boundBackend(ownClient(t, servers.map(({ port }) => port), { timeout: 0.5, retries: 0 }))
  const records = Array.from({ length: 30 }, () => newRecord())
  await Promise.all(records.map(record => backend.write(record.id, record, 0)))
  const [lost, kept] = servers.map(({ port }) => `127.0.0.1:${port}`)
  t.strictSame([...new Set(records.map(({ id }) => backend.serverOf(id)))].sort(), [lost, kept].sort())
  await servers[0]!.kill()
  for (const { id } of records) {
    const isFound = await backend.read(id).then(record => record !== null, () => false)
    t.equal(isFound, backend.serverOf(id) === kept)
  }
})

t.test('no server is named where there is only one, or none for the id', t => {
  t.equal(boundBackend(ownClient(t, [1])).backend.serverOf(newRecord().id), null)
  const client = ownClient(t, [1, 2])
  t.equal(boundBackend(client).backend.serverOf('no key'), null)
  client.server = (() => null) as never
  t.equal(boundBackend(client).backend.serverOf(newRecord().id), null)
  t.end()
})
