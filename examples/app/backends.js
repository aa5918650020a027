import { mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CookieBackend, MemoryBackend } from 'fastsessions'
import { find } from '../../scripts/servers/binaries.js'
import { needs, urlFromEnvironment } from '../../scripts/servers/index.js'
import { sharedServer } from '../../scripts/servers/share.js'

/**
 * What `BACKEND=…` and the form at the foot of each page may say. Each makes a backend, and says how its connections are
 * closed. Drivers are imported only by the one that uses them.
 */
const backends = {
  cookie: () => ({ backend: new CookieBackend() }),
  memory: () => ({ backend: new MemoryBackend() }),
  file,
  redis,
  memcached,
  sqlite,
  pglite,
  postgres,
  mysql
}

/** The packages of each; `npm start` installs those of the one that `BACKEND` names. */
const drivers = JSON.parse(readFileSync(new URL('drivers.json', import.meta.url), 'utf8'))

export const backendNames = Object.keys(backends)

/**
 * @returns `{ backend, close? }`
 * @throws Error that lists the choices
 */
export async function createBackend (name) {
  if (!Object.hasOwn(backends, name)) throw new Error(`BACKEND is ${JSON.stringify(name)}; choose one of: ${backendNames.join(', ')}`)
  return await backends[name]()
}

/** Why this backend cannot be chosen on the page, or `undefined`. Nothing is installed while the demo runs. */
export function whatIsMissing (name) {
  if (!drivers[name].every(isInstalled)) return `start the demo with BACKEND=${name}, which installs the driver`
  if (needs[name] === undefined || urlFromEnvironment(name) !== undefined) return undefined
  if (needs[name].programs.every(names => find(...names) !== undefined)) return undefined
  return `set ${needs[name].variable}, or install ${needs[name].package}`
}

function isInstalled (name) {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}

async function file () {
  const { FileBackend } = await import('fastsessions/file')
  return { backend: new FileBackend({ directory: join(home(), 'sessions'), sweepEvery: '10m' }) }
}

async function redis () {
  const { Redis } = await import('ioredis')
  const { RedisBackend } = await import('fastsessions/redis')
  const client = new Redis(await urlOf('redis'))
  logOnce(client)
  // quit() waits for a server, and fails where there was none.
  return { backend: new RedisBackend(client), close: () => client.status === 'ready' ? client.quit() : client.disconnect() }
}

/** ioredis tries to connect for ever: what it says each time is printed at its first time, and again after a connection. */
function logOnce (client) {
  let last
  client.on('ready', () => { last = undefined })
  client.on('error', ({ message }) => {
    if (message !== last) console.error(`redis: ${message}; trying again`)
    last = message
  })
}

async function memcached () {
  const { Client } = (await import('memjs')).default
  const { MemcachedBackend } = await import('fastsessions/memcached')
  const { host } = new URL(await urlOf('memcached'))
  const client = Client.create(host)
  return { backend: new MemcachedBackend(client), close: () => client.close() }
}

async function sqlite () {
  const { default: Database } = await import('better-sqlite3')
  const { SqliteDialect } = await import('kysely')
  const database = new Database(join(home(), 'sessions.sqlite'))
  // Readers and one writer work side by side.
  database.pragma('journal_mode = WAL')
  return await sql(new SqliteDialect({ database }), { pool: database })
}

async function pglite () {
  const { PGlite } = await import('@electric-sql/pglite')
  const { PGliteDialect } = await import('kysely-pglite-dialect')
  return await sql(new PGliteDialect(new PGlite()))
}

async function postgres () {
  const { default: pg } = await import('pg')
  const { PostgresDialect } = await import('kysely')
  const pool = new pg.Pool({ connectionString: await urlOf('postgres') })
  // Without these two, a database that closes a connection ends the process.
  pool.on('error', error => console.error(`postgres: ${error.message}`))
  pool.on('connect', client => { client.on('error', () => {}) })
  return await sql(new PostgresDialect({ pool }), { pool })
}

async function mysql () {
  const { createPool } = await import('mysql2')
  const { MysqlDialect } = await import('kysely')
  return await sql(new MysqlDialect({ pool: createPool(await urlOf('mysql')) }))
}

async function sql (dialect, options = {}) {
  const { Kysely } = await import('kysely')
  const { createSessionTable, DatabaseBackend } = await import('fastsessions/database')
  const db = new Kysely({ dialect })
  // A demo may; an application has its migrations do it.
  await createSessionTable(db)
  return { backend: new DatabaseBackend(db, { sweepEvery: '10m', ...options }), close: () => db.destroy() }
}

/** A running server that the environment names, or one for as long as the demo runs. */
async function urlOf (name) {
  if (urlFromEnvironment(name) === undefined) console.log(`No ${needs[name].variable} is set: starting a server that ends with the demo.`)
  return await sharedServer(name)
}

/** Where the demo keeps files. */
function home () {
  const folder = process.env.SESSION_DIRECTORY ?? join(tmpdir(), 'fastsessions-demo')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}
