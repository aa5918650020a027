import { startContestant } from '../child.js'
import { requestText } from '../connection.js'
import { CONNECTIONS, load, openAll } from '../load.js'
import { say } from '../prepare.js'
import { median, rotated, round, spread } from '../statistics.js'
import { start } from '../store-servers.js'
import { grid, targetTable } from '../table.js'
import { sessionTargets } from '../targets.js'
import { copyRows, fill } from './fill.js'

const FEW = 1_000
const WARM_UP_TIMES = 6
/**
 * What a request costs is the CPU of our process where sessions are in it, or in its files; else the time that passes,
 * since much of the work is the server's.
 */
const backends = {
  memory: { count: 1_000_000, cost: 'cpu' },
  file: { count: 200_000, cost: 'cpu' },
  Redis: { count: 1_000_000, cost: 'wall', server: 'redis' },
  PostgreSQL: { count: 1_000_000, cost: 'wall', server: 'postgres' }
}

/** A read and a write beside few and beside many sessions, interleaved. */
export async function measure ({ quick, only, rounds, requests }) {
  const result = {}
  for (const [name, details] of Object.entries(backends)) {
    if (only !== undefined && !name.toLowerCase().includes(only.toLowerCase())) continue
    const count = quick ? Math.min(details.count, 50_000) : details.count
    const sides = await Promise.all([FEW, count].map(size => open(name, details, size)))
    say(`${name} holds ${FEW} and ${count} sessions`)
    result[name] = await compare(sides, details, rounds, requests)
    for (const side of sides) await side.stop()
  }
  const rows = Object.entries(result).flatMap(([name, { cost, small, large, ratio }]) => ['read', 'write'].map(path =>
    [`${name}, ${path} (${cost})`, small[path][cost].median.toFixed(1), large[path][cost].median.toFixed(1), String(large.count), ratio[path].toFixed(2)]))
  return {
    about: `µs per request beside ${FEW} sessions and beside many, at ${CONNECTIONS} connections: cpu is that of our process, wall the time that passes`,
    rounds,
    requests,
    backends: result,
    text: `${grid(['', `µs at ${FEW}`, 'µs at many', 'many', 'ratio'], rows)}\n\n${targetTable(sessionTargets({ backends: result }))}`
  }
}

async function open (name, { server }, count) {
  const store = server && await start(server)
  const child = await startContestant(`fastsessions, ${name}`, { url: store?.url, maxEntries: count * 2 }, ['--max-old-space-size=6144'])
  const cookies = await fill(child, name, count)
  if (server === 'postgres') await copyRows(store.url, 'sessions', count)
  // Each connection has browsers of its own, so that no two requests of one session meet.
  const each = Math.floor(cookies.length / CONNECTIONS)
  const requestOf = path => (index, nth) => requestText(path, cookies[index * each + nth % each])
  return {
    count,
    child,
    requestOf,
    async stop () {
      await child.stop()
      await store?.stop()
    }
  }
}

async function compare (sides, { cost }, rounds, requests) {
  const samples = sides.map(() => ({ read: [], write: [] }))
  for (const path of ['read', 'write']) {
    for (let n = 0; n <= rounds; n++) {
      for (const which of rotated([0, 1], n)) {
        const sample = await sampleOf(sides[which], path, n === 0 ? requests * WARM_UP_TIMES : requests)
        if (n > 0) samples[which][path].push(sample)
      }
    }
  }
  const [small, large] = sides.map(({ count }, which) => ({ count, ...mapPaths(path => summary(samples[which][path])) }))
  const ratio = mapPaths(path => round(median(samples[1][path].map(values => values[cost])) / median(samples[0][path].map(values => values[cost]))))
  return { cost, small, large, ratio }
}

const mapPaths = make => ({ read: make('read'), write: make('write') })
const summary = list => ({ cpu: spread(list.map(({ cpu }) => cpu)), wall: spread(list.map(({ wall }) => wall)) })

async function sampleOf ({ child, requestOf }, path, requests) {
  const texts = requestOf(`/${path}`)
  const connections = await openAll(child.port, texts)
  await child.ask('start')
  const { seconds } = await load(connections, texts, requests)
  const { cpuMicroseconds } = await child.ask('stop')
  for (const connection of connections) connection.close()
  return { cpu: cpuMicroseconds / requests, wall: seconds * 1e6 / requests }
}
