import { join } from 'node:path'
import type { Dialect } from 'kysely'
import type { DatabaseBackendOptions } from '../lib/database.ts'
import { MemoryBackend, type SessionBackend } from '../lib/index.ts'
import type { ServerName } from '../scripts/servers/index.js'
import { rolling } from './rolling.ts'
import { wrongBackends } from './wrong.ts'

/** A store that server processes share. A driver is loaded only when its store is opened. */
interface Store {
  /** What the store needs: a server or a folder; `null` for a store inside the process. */
  readonly needs: ServerName | 'cluster' | 'folder' | 'redis and postgres' | null
  /** How late a change of another server may be seen, in milliseconds. @default 0 */
  readonly staleMs?: number
  /**
   * @param space keeps the sessions of runs apart on one server
   * @param url the address of the server (of several, with spaces between them), or the path of the folder
   */
  open (space: string, url: string): Promise<SessionBackend>
}

/** The lease of caches. */
const LEASE_MS = 1_000

/** The stores that can be put under stress. Connections end with the process. */
export const stores: Readonly<Record<string, Store>> = {
  memory: {
    needs: null,
    // All servers of this process share the backend.
    open: async space => here(space, () => new MemoryBackend())
  },
  file: {
    needs: 'folder',
    async open (_space, directory) {
      const { FileBackend } = await import('../lib/file.ts')
      return new FileBackend({ directory })
    }
  },
  sqlite: {
    needs: 'folder',
    async open (space, folder) {
      const { SqliteDialect } = await import('kysely')
      const { default: Database } = await import('better-sqlite3')
      const database = new Database(join(folder, 'sessions.sqlite'))
      database.pragma('journal_mode = WAL')
      return await openTable(new SqliteDialect({ database }), space, { pool: database })
    }
  },
  redis: {
    needs: 'redis',
    async open (space, url) {
      const { Redis } = await import('ioredis')
      const { RedisBackend } = await import('../lib/redis.ts')
      const client = new Redis(url)
      client.on('error', () => {})
      return new RedisBackend(client, { prefix: `${space}:` })
    }
  },
  cluster: {
    needs: 'cluster',
    async open (space, urls) {
      const { Cluster } = await import('ioredis')
      const { RedisBackend } = await import('../lib/redis.ts')
      const client = new Cluster(urls.split(' '))
      client.on('error', () => {})
      return new RedisBackend(client, { prefix: `${space}:` })
    }
  },
  memcached: {
    needs: 'memcached',
    async open (space, urls) {
      const { Client } = await import('memjs')
      const { MemcachedBackend } = await import('../lib/memcached.ts')
      const client = Client.create(urls.split(' ').map(url => new URL(url).host).join(','), { logger: { log () {} } })
      return new MemcachedBackend(client, { prefix: `${space}:` })
    }
  },
  postgres: {
    needs: 'postgres',
    open: async (space, url) => await openPostgres(space, url)
  },
  mariadb: {
    needs: 'mysql',
    async open (space, url) {
      const { MysqlDialect } = await import('kysely')
      const { createPool } = await import('mysql2')
      return await openTable(new MysqlDialect({ pool: createPool(url) }), space)
    }
  },
  'cached redis': {
    needs: 'redis',
    staleMs: LEASE_MS,
    async open (space, url) {
      const { CachedBackend } = await import('../lib/cached.ts')
      return new CachedBackend(await stores['redis']!.open(space, url), { lease: LEASE_MS / 1_000 })
    }
  },
  'cached postgres': {
    needs: 'postgres',
    staleMs: LEASE_MS,
    async open (space, url) {
      const { CachedBackend } = await import('../lib/cached.ts')
      return new CachedBackend(await openPostgres(space, url), { lease: LEASE_MS / 1_000 })
    }
  },
  'redis to postgres': {
    needs: 'redis and postgres',
    async open (space, urls) {
      const [old, next] = urls.split(' ') as [string, string]
      return rolling(await stores['redis']!.open(space, old), await stores['postgres']!.open(space, next))
    }
  }
}

async function openPostgres (space: string, url: string): Promise<SessionBackend> {
  const { PostgresDialect } = await import('kysely')
  const { default: { Pool } } = await import('pg')
  const pool = new Pool({ connectionString: url })
  pool.on('error', () => {})
  pool.on('connect', client => { client.on('error', () => {}) })
  return await openTable(new PostgresDialect({ pool }), space, { pool })
}

async function openTable (dialect: Dialect, table: string, options: Pick<DatabaseBackendOptions, 'pool'> = {}): Promise<SessionBackend> {
  const { Kysely } = await import('kysely')
  const { createSessionTable, DatabaseBackend } = await import('../lib/database.ts')
  const db = new Kysely<any>({ dialect })
  await createSessionTable(db, { table })
  return new DatabaseBackend(db, { table, ...options })
}

export async function openStore (name: string, space: string, url: string | null): Promise<SessionBackend> {
  if (name in wrongBackends) return here(space, wrongBackends[name]!.create)
  return await stores[name]!.open(space, url ?? '')
}

const backends = new Map<string, SessionBackend>()

/** The backend of a space that exists in this process only. */
function here (space: string, create: () => SessionBackend): SessionBackend {
  const backend = backends.get(space) ?? create()
  backends.set(space, backend)
  return backend
}
