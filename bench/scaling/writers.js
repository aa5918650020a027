import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Burst } from '../burst.js'
import { startContestant } from '../child.js'
import { Connection, cookiesOf } from '../connection.js'
import { say } from '../prepare.js'
import { median, round } from '../statistics.js'
import { startStores } from '../store-servers.js'
import { grid, targetTable } from '../table.js'
import { writerTargets } from '../targets.js'

const WRITERS = [1, 2, 4, 8, 16, 32, 64]
/** A request that writes reads once and writes once. */
const CALLS = 2
const backends = {
  memory: { processes: [1] },
  file: { processes: [1, 4] },
  SQLite: { processes: [1, 4] },
  Redis: { processes: [1, 4], server: 'redis' },
  Memcached: { processes: [1, 4], server: 'memcached' },
  PostgreSQL: { processes: [1, 4], server: 'postgres' }
}

/** Many requests of one session that each write a key of their own, all at once: what is lost, and what it takes more. */
export async function measure ({ quick, only }) {
  const result = {}
  for (const [name, details] of Object.entries(backends)) {
    if (only !== undefined && !name.toLowerCase().includes(only.toLowerCase())) continue
    result[name] = {}
    for (const processes of details.processes) result[name][processes] = await inProcesses(name, details, processes, quick ? 5 : 30)
    say(`${name} is done`)
  }
  return {
    about: 'Writers of one session at once, by backend, processes and writers. extra: calls of the backend per request beyond one read and one write; lost: updates missing after a batch; ms: until a whole batch is answered',
    backends: result,
    text: `${table(result)}\n\n${targetTable(writerTargets({ backends: result }))}`
  }
}

async function inProcesses (name, details, processes, batches) {
  const stores = await startStores([details])
  const folder = mkdtempSync(join(tmpdir(), 'fastsessions-bench-'))
  const settings = { url: stores.urls[details.server], folder, count: true }
  const children = []
  for (let n = 0; n < processes; n++) children.push(await startContestant(`fastsessions, ${name}`, settings))
  const found = {}
  for (const writers of WRITERS) {
    if (writers >= processes) found[writers] = await withWriters(children, writers, batches)
  }
  for (const child of children) await child.stop()
  await stores.stop()
  rmSync(folder, { recursive: true, force: true })
  return found
}

async function withWriters (children, writers, batches) {
  const connection = await Connection.open(children[0].port, { keepsText: true })
  const [cookie] = cookiesOf(await connection.request('/login/200'))
  connection.close()
  const burst = await Burst.open(children.map(({ port }) => port), cookie, writers)
  // The first batch compiles, connects and prepares.
  await burst.run(2)
  const calls = async () => (await Promise.all(children.map(child => child.ask('calls')))).reduce((sum, { count }) => sum + count, 0)
  await calls()
  const totals = { calls: 0, lost: 0, requests: 0, times: [] }
  for (let n = 0; n < batches; n++) {
    const { times, requests } = await burst.run(1)
    totals.calls += await calls()
    totals.times.push(...times)
    totals.requests += requests
    totals.lost += await burst.lost()
    // Looking has called the backend, too.
    await calls()
  }
  burst.close()
  return { extra: round(totals.calls / totals.requests - CALLS), lost: totals.lost, requests: totals.requests, ms: round(median(totals.times)) }
}

function table (result) {
  const rows = Object.entries(result).flatMap(([name, byProcesses]) => Object.entries(byProcesses).map(([processes, found]) =>
    [`${name}, ${processes} process${processes === '1' ? '' : 'es'}`, ...WRITERS.map(writers => found[writers] ? `${found[writers].extra.toFixed(2)} / ${found[writers].lost}` : '–')]))
  return `Extra calls of the backend per request / updates lost, by writers at once\n\n${grid(['', ...WRITERS.map(String)], rows)}`
}
