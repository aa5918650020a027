// What a read and a write cost beside a thousand and beside a million sessions: node bench/stores/growth.js
// Rounds are interleaved; the ratio of the medians is what counts.
import { startServer } from '../../scripts/servers/index.js'
import { forAll, median, postgresOurs, redisOurs } from './stores.js'

const [SMALL, LARGE] = [1_000, 1_000_000]
const ROUNDS = 15
const OPERATIONS = 2_000
const IN_FLIGHT = 32

/** Microseconds an operation takes, with some in flight. */
async function time (store, operation, count) {
  const start = process.hrtime.bigint()
  await forAll(OPERATIONS, IN_FLIGHT, () => store[operation](Math.floor(Math.random() * count)))
  return Number(process.hrtime.bigint() - start) / 1_000 / OPERATIONS
}

async function compare (name, small, large) {
  for (const operation of ['read', 'write']) {
    const times = { small: [], large: [] }
    for (let round = 0; round < ROUNDS; round++) {
      times.small.push(await time(small, operation, SMALL))
      times.large.push(await time(large, operation, LARGE))
    }
    const [one, other] = [median(times.small), median(times.large)]
    console.log(`${name}, ${operation}: ${one.toFixed(1)} µs beside ${SMALL}, ${other.toFixed(1)} µs beside ${LARGE}: ratio ${(other / one).toFixed(2)}`)
  }
}

async function fill (store, count, inFlight) {
  await forAll(count, inFlight, store.create)
  return store
}

{
  const servers = await Promise.all([startServer('redis', '--appendonly', 'no'), startServer('redis', '--appendonly', 'no')])
  const [small, large] = await Promise.all(servers.map(({ url }) => redisOurs(url)))
  await fill(small, SMALL, 200)
  await fill(large, LARGE, 1_000)
  await compare('Redis', small, large)
  await Promise.all([small.close(), large.close()])
  await Promise.all(servers.map(server => server.stop()))
}
{
  const server = await startServer('postgres', '-c', 'shared_buffers=1GB')
  const small = await fill(await postgresOurs(server.url, 'small'), SMALL, 20)
  const large = await postgresOurs(server.url, 'large')
  // The same rows as the backend writes, only quicker: copies of one with other ids.
  await large.create(0)
  const { rows: columns } = await large.pool.query('select column_name as name from information_schema.columns where table_name = \'large\' and column_name <> \'id\'')
  const names = columns.map(({ name }) => `"${name}"`).join(', ')
  await large.pool.query(`insert into large (id, ${names}) select encode(sha256(n::text::bytea), 'hex'), ${names} from large, generate_series(1, ${LARGE - 1}) n`)
  for (const table of ['small', 'large']) await large.pool.query(`vacuum analyze ${table}`)
  await compare('PostgreSQL', small, large)
  await Promise.all([small.close(), large.close()])
  await server.stop()
}
