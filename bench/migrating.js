// What moving costs, of the package as it was built: npm run build && node bench/migrating.js
//
// Sessions per second from store to store, by the program and as they are used; CPU of a request that has our cookie already, beside the
// same application without the option migrateFrom.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from '../dist/index.js'
import { fromExpressSession, fromFastifySession, fromIronSession, fromStarlette, MigratingBackend } from '../dist/migrate.js'
import { fill, IN_FLIGHT, openStores } from './migrating-stores.js'
import { say } from './prepare.js'
import { median, rotated, spread } from './statistics.js'
import { start } from './store-servers.js'
import { forAll, payload } from './stores/stores.js'

const SESSIONS = 5_000
const ROUNDS = 100
const WARM_UP = 10
const REQUESTS = 1_000
const MOVES = [['memory', 'redis'], ['redis', 'postgres']]
const SECRET = 'a secret of more than thirty-two bytes'
const here = new URL('./', import.meta.url)

const servers = { redis: await start('redis'), postgres: await start('postgres') }
const urls = { redis: servers.redis.url, postgres: servers.postgres.url }
const folder = mkdtempSync(join(tmpdir(), 'fastsessions-bench-'))
try {
  for (const [from, to] of MOVES) say(`migrate, ${from} to ${to}: ${await byProgram(from, to)} sessions/s`)
  for (const [from, to] of MOVES) {
    const { moving, moved } = await byReading(from, to)
    say(`as they are used, ${from} to ${to}: ${moving} sessions/s; a write of a session that has moved: ${moved}/s`)
  }
  for (const [name, newBackend] of [['memory', () => new MemoryBackend()], ['cookie', () => new CookieBackend()]]) {
    const { without, readers, difference } = await cpuOfRequests(newBackend)
    say(`CPU of a read, ${name}: ${without} µs without migrateFrom, ${readers} µs with four readers`)
    say(`  difference: ${difference.median} µs (half of the rounds: ${difference.low} to ${difference.high})`)
  }
} finally {
  rmSync(folder, { recursive: true })
  await Promise.all(Object.values(servers).map(server => server.stop()))
}
// Clients of the stores are still connected.
process.exit()

/** The program in a process of its own, as it is called: it tells the seconds which it took. */
async function byProgram (from, to) {
  if (from !== 'memory') await fill(await openStores[from](urls, 'source'), SESSIONS)
  const config = (name, place, count) => {
    const path = join(folder, `${place}.mjs`)
    const stores = JSON.stringify(new URL('migrating-stores.js', here).href)
    const store = `await openStores.${name}(${JSON.stringify(urls)}, ${JSON.stringify(place)})`
    writeFileSync(path, `import { filled, openStores } from ${stores}\nexport default { backend: await filled(${store}, ${count}) }\n`)
    return path
  }
  const paths = ['--from', config(from, 'source', from === 'memory' ? SESSIONS : 0), '--to', config(to, 'target', 0)]
  const program = fileURLToPath(new URL('../dist/cli.cjs', here))
  const { stdout, stderr } = spawnSync(process.execPath, [program, 'migrate', ...paths, '--json'], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  const { copied, seconds } = JSON.parse(stdout)
  if (copied !== SESSIONS) throw new Error(stdout)
  return Math.round(copied / seconds)
}

/** Each session is written once, and moves; then once more, at its new place. */
async function byReading (from, to) {
  const [old, next] = [await openStores[from](urls, 'old'), await openStores[to](urls, 'next')]
  const cookies = await fill(old, SESSIONS)
  const app = Fastify()
  await app.register(sessions, { backend: new MigratingBackend(next, { from: old }) })
  app.get('/', async ({ session }) => { session.visits = (session.visits ?? 0) + 1; return session.visits })
  const pass = async expected => {
    const begin = performance.now()
    await forAll(SESSIONS, IN_FLIGHT, async n => {
      const { body } = await app.inject({ url: '/', headers: { cookie: cookies[n] } })
      if (body !== expected) throw new Error(`expected ${expected}, and got ${body}`)
    })
    return Math.round(SESSIONS / (performance.now() - begin) * 1_000)
  }
  const result = { moving: await pass('1'), moved: await pass('2') }
  await app.close()
  return result
}

/** Two applications in turn, and the same cookies for both: those of a browser whose session has moved. */
async function cpuOfRequests (newBackend) {
  const store = { get () {}, set () {}, destroy () {} }
  const migrateFrom = [
    fromFastifySession({ secret: SECRET, store }), fromExpressSession({ secret: SECRET, store }),
    fromIronSession({ password: SECRET, cookieName: 'iron' }), fromStarlette({ secret: SECRET })
  ]
  const applications = { without: await applicationWith({ backend: newBackend() }), readers: await applicationWith({ backend: newBackend(), migrateFrom }) }
  const samples = { without: [], readers: [] }
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const name of rotated(Object.keys(applications), round)) {
      const microseconds = await applications[name]()
      if (round >= WARM_UP) samples[name].push(microseconds)
    }
  }
  const difference = spread(samples.readers.map((value, round) => value - samples.without[round]))
  return { without: median(samples.without).toFixed(1), readers: median(samples.readers).toFixed(1), difference }
}

/** A function that sends a round of requests, and answers with the CPU of each. */
async function applicationWith (options) {
  const app = Fastify()
  await app.register(sessions, { secret: SECRET, ...options })
  app.get('/', async ({ session }) => session.theme)
  const { cookie } = await app.sessions.create(payload)
  const headers = { cookie: `sessionId=${'x'.repeat(80)}; ${cookie}` }
  return async () => {
    const begin = process.cpuUsage()
    for (let n = 0; n < REQUESTS; n++) {
      const { body } = await app.inject({ url: '/', headers })
      if (body !== payload.theme) throw new Error(body)
      // What inject() leaves behind goes with the next turn of the event loop only.
      await setImmediate()
    }
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / REQUESTS
  }
}
