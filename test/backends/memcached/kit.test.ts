import t from 'tap'
import { MemcachedBackend } from '../../../lib/memcached.ts'
import { testBackend } from '../../../lib/testing/index.ts'
import { boundBackend, ownClient, uniquePrefix } from '../../helpers/memcached.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { ownServer, sharedServer } from '../../helpers/servers.ts'

const ROUNDS = 60
const RIVALS = 200

t.test('the memcached backend keeps every promise of a backend', async t => {
  const client = ownClient(t, [await sharedServer('memcached')])
  await testBackend(t, () => new MemcachedBackend(client, { prefix: uniquePrefix() }), { atomic: true, touch: true, exists: true, removeAll: true, removeExpired: true, maxDataBytes: 1_048_064 })
})

t.test('it does so on three servers', async t => {
  const servers = await Promise.all([ownServer(t, 'memcached'), ownServer(t, 'memcached'), ownServer(t, 'memcached')])
  const client = ownClient(t, servers.map(({ port }) => port))
  await testBackend(t, () => new MemcachedBackend(client, { prefix: uniquePrefix() }))
})

t.test('of 200 parallel writers of two clients, one wins each of 60 rounds', async t => {
  const url = await sharedServer('memcached')
  const { backend: one, prefix } = boundBackend(ownClient(t, [url], { timeout: 5 }))
  const { backend: other } = boundBackend(ownClient(t, [url], { timeout: 5 }), { prefix })
  let stands = newRecord()
  await one.write(stands.id, stands, 0)
  for (let round = 0; round < ROUNDS; round++) {
    const rivals = Array.from({ length: RIVALS }, (_, n) => nextOf(stands, { data: `{"n":${n}}` }))
    const answers = await Promise.all(rivals.map((rival, n) => (n % 2 === 0 ? one : other).write(rival.id, rival, stands.version)))
    const winners = rivals.filter((_, n) => answers[n] === stands.id)
    if (winners.length !== 1) t.fail(`${winners.length} winners in round ${round}`)
    stands = winners[0]!
    const refused = answers.find(answer => answer !== stands.id)
    if ((refused as typeof stands).version !== stands.version) t.fail('a refused writer was told of another record')
  }
  t.equal((await other.read(stands.id))?.version, stands.version)
})
