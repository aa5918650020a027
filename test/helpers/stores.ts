import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import { Redis } from 'ioredis'
import { type Dialect, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import { PGliteDialect } from 'kysely-pglite-dialect'
import { Client } from 'memjs'
import { createPool } from 'mysql2'
import pg from 'pg'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions } from '../../lib/database.ts'
import { FileBackend } from '../../lib/file.ts'
import { MemcachedBackend } from '../../lib/memcached.ts'
import { RedisBackend } from '../../lib/redis.ts'
import { MemoryBackend } from '../../lib/index.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { type ServerName, sharedServer } from './servers.ts'

interface Test { teardown (end: () => unknown): unknown }

/** A place for sessions. A test opens it once for each process; each opening has its own connections. */
export interface Store {
  /** The server of this store; `null` for a store without a server. */
  readonly server: ServerName | null
  /**
   * @param space keeps sessions apart on one server: openings with the same space share their sessions
   * @param url the address to use instead of the server's, such as that of a proxy
   */
  open (t: Test, space: string, url?: string): Promise<SessionBackend>
}

const memories = new Map<string, MemoryBackend>()

export const stores: Readonly<Record<string, Store>> = {
  memory: {
    server: null,
    async open (_t, space) {
      const backend = memories.get(space) ?? new MemoryBackend()
      memories.set(space, backend)
      return backend
    }
  },
  file: {
    server: null,
    async open (t, space) {
      return new FileBackend({ directory: folderOf(t, space) })
    }
  },
  sqlite: {
    server: null,
    async open (t, space) {
      const database = new Database(join(folderOf(t, space), 'sessions.sqlite'))
      database.pragma('journal_mode = WAL')
      return await sql(t, new SqliteDialect({ database }), 'sessions', { pool: database })
    }
  },
  pglite: {
    server: null,
    async open (t, space) {
      const client = lites.get(space) ?? new PGlite()
      lites.set(space, client)
      return await sql(t, new PGliteDialect(client), 'sessions')
    }
  },
  redis: {
    server: 'redis',
    async open (t, space, url) {
      const client = new Redis(url ?? await sharedServer('redis'))
      client.on('error', () => {})
      t.teardown(() => { client.disconnect() })
      return new RedisBackend(client, { prefix: `${space}:` })
    }
  },
  memcached: {
    server: 'memcached',
    async open (t, space, url) {
      const client = Client.create(new URL(url ?? await sharedServer('memcached')).host)
      t.teardown(() => { client.close() })
      return new MemcachedBackend(client, { prefix: `${space}:` })
    }
  },
  postgres: {
    server: 'postgres',
    async open (t, space, url) {
      const pool = new pg.Pool({ connectionString: url ?? await sharedServer('postgres') })
      pool.on('error', () => {})
      pool.on('connect', client => { client.on('error', () => {}) })
      return await sql(t, new PostgresDialect({ pool }), space, { pool })
    }
  },
  mariadb: {
    server: 'mysql',
    async open (t, space, url) {
      return await sql(t, new MysqlDialect({ pool: createPool(url ?? await sharedServer('mysql')) }), space)
    }
  }
}

const lites = new Map<string, PGlite>()
const folders = new Map<string, string>()

/** A space for this test alone. */
export function newSpace (): string {
  return `s${process.pid}_${Math.random().toString(36).slice(2, 10)}`
}

function folderOf (t: Test, space: string): string {
  const known = folders.get(space)
  if (known !== undefined) return known
  const folder = mkdtempSync(join(tmpdir(), 'fastsessions-test-'))
  folders.set(space, folder)
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

async function sql (t: Test, dialect: Dialect, table: string, options: DatabaseBackendOptions = {}): Promise<SessionBackend> {
  const db = new Kysely<any>({ dialect })
  t.teardown(() => db.destroy())
  await createSessionTable(db, { table })
  return new DatabaseBackend(db, { table, ...options })
}
