// Removing a million expired sessions from PostgreSQL beside traffic: node bench/stores/sweep.js
import { startServer } from '../../scripts/servers/index.js'
import { forAll, idOf, median, postgresOurs, recordOf } from './stores.js'

const EXPIRED = 1_000_000
const LIVE = 10_000
const BATCH = 1_000
const READ_MS = 3_000

const server = await startServer('postgres', '-c', 'shared_buffers=1GB')
const sweeping = await postgresOurs(server.url)
const reading = await postgresOurs(server.url)
await forAll(LIVE, 20, sweeping.create)
// Rows as the backend writes them, only quicker: copies of one that is past.
await sweeping.backend.write(idOf('past'), recordOf('past'), 0, { data: {} })
const { rows: columns } = await sweeping.pool.query('select column_name as name from information_schema.columns where table_name = \'sessions\' and column_name not in (\'id\', \'expires_at\')')
const names = columns.map(({ name }) => `"${name}"`).join(', ')
await sweeping.pool.query(`insert into sessions (id, expires_at, ${names}) select encode(sha256(('x' || n)::bytea), 'hex'), 1600000000000 + n, ${names} from sessions, generate_series(1, ${EXPIRED}) n where id = '${idOf('past')}'`)
await sweeping.pool.query('vacuum analyze sessions')

/** Reads one after the other, in microseconds. */
async function read (isOver) {
  const times = []
  while (!isOver()) {
    const start = process.hrtime.bigint()
    await reading.read(Math.floor(Math.random() * LIVE))
    times.push(Number(process.hrtime.bigint() - start) / 1_000)
  }
  const sorted = times.toSorted((a, b) => a - b)
  return { count: times.length, p50: median(times), p99: sorted[Math.floor(sorted.length * 0.99)] }
}

const until = Date.now() + READ_MS
const alone = await read(() => Date.now() > until)
let isSwept = false
const beside = read(() => isSwept)
const start = Date.now()
let removed = 0
for (let batch = BATCH; batch === BATCH; removed += batch) batch = await sweeping.backend.removeExpired({ limit: BATCH })
const seconds = (Date.now() - start) / 1_000
isSwept = true
const during = await beside
const { rows: [{ left }] } = await sweeping.pool.query('select count(*) as left from sessions')
console.log(`removed ${removed} rows in ${seconds.toFixed(1)} s: ${Math.round(removed / seconds)} rows/s; ${left} live ones are left`)
console.log(`reads alone: p50 ${alone.p50.toFixed(0)} µs, p99 ${alone.p99.toFixed(0)} µs; during the sweep: p50 ${during.p50.toFixed(0)} µs (${(during.p50 / alone.p50).toFixed(2)} times), p99 ${during.p99.toFixed(0)} µs (${(during.p99 / alone.p99).toFixed(2)} times)`)
await Promise.all([sweeping.close(), reading.close()])
await server.stop()
