import { join } from 'node:path'
import type { Dialect } from 'kysely'
import { MemoryBackend, type SessionBackend } from '../lib/index.ts'
import type { ServerName } from '../scripts/servers/index.js'
import { wrongBackends } from './wrong.ts'

/** A place that server processes share; those who do not use a driver do not load it. */
interface Store {
  /** What must be there: a server, a folder, or nothing, and then each process has its own. */
  readonly needs: ServerName | 'cluster' | 'folder' | null
  /**
   * @param space what sets this store apart from others on the same server
   * @param url where the server is, or the folder
   */
  open (space: string, url: string): Promise<SessionBackend>
}

/** Where sessions can be under stress. Connections end with the process. */
export const stores: Readonly<Record<string, Store>> = {
  memory: {
    needs: null,
    open: async () => new MemoryBackend()
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
      return await openTable(new SqliteDialect({ database }), space)
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
    async open (space, url) {
      const { Client } = await import('memjs')
      const { MemcachedBackend } = await import('../lib/memcached.ts')
      return new MemcachedBackend(Client.create(new URL(url).host), { prefix: `${space}:` })
    }
  },
  postgres: {
    needs: 'postgres',
    async open (space, url) {
      const { PostgresDialect } = await import('kysely')
      const { default: { Pool } } = await import('pg')
      const pool = new Pool({ connectionString: url })
      pool.on('error', () => {})
      pool.on('connect', client => { client.on('error', () => {}) })
      return await openTable(new PostgresDialect({ pool }), space)
    }
  },
  mariadb: {
    needs: 'mysql',
    async open (space, url) {
      const { MysqlDialect } = await import('kysely')
      const { createPool } = await import('mysql2')
      return await openTable(new MysqlDialect({ pool: createPool(url) }), space)
    }
  }
}

async function openTable (dialect: Dialect, table: string): Promise<SessionBackend> {
  const { Kysely } = await import('kysely')
  const { createSessionTable, DatabaseBackend } = await import('../lib/database.ts')
  const db = new Kysely<any>({ dialect })
  await createSessionTable(db, { table })
  return new DatabaseBackend(db, { table })
}

export async function openStore (name: string, space: string, url: string | null): Promise<SessionBackend> {
  if (name in wrongBackends) return wrongHere(name, space)
  return await stores[name]!.open(space, url ?? '')
}

const wrong = new Map<string, SessionBackend>()

/** Several servers of this process share one. */
function wrongHere (name: string, space: string): SessionBackend {
  const backend = wrong.get(space) ?? wrongBackends[name]!.create()
  wrong.set(space, backend)
  return backend
}
