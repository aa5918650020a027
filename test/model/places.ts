import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Dialect, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import { createSessionTable, DatabaseBackend } from '../../lib/database.ts'
import { type ExpressStore, fromExpressStore } from '../../lib/express-store.ts'
import { FileBackend } from '../../lib/file.ts'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { sharedServer } from '../helpers/servers.ts'
import type { Open } from './play.ts'

const keep = async (): Promise<void> => {}
let spaces = 0
const newSpace = (): string => `m${process.pid}_${++spaces}`

/** Where sequences can be played. Each opening is an empty store; connections end with the process. */
export const places: Readonly<Record<string, () => Promise<Open>>> = {
  cookie: async () => async () => ({ backend: new CookieBackend(), close: keep }),
  memory: async () => async () => ({ backend: new MemoryBackend(), close: keep }),
  'express-store': async () => async () => ({ backend: fromExpressStore(new MapStore()), close: keep }),
  file: async () => async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fastsessions-model-'))
    return { backend: new FileBackend({ directory }), close: async () => { rmSync(directory, { recursive: true, force: true }) } }
  },
  sqlite: async () => async () => {
    const db = new Kysely<any>({ dialect: new SqliteDialect({ database: new Database(':memory:') }) })
    await createSessionTable(db)
    return { backend: new DatabaseBackend(db), close: () => db.destroy() }
  },
  async redis () {
    const [{ Redis }, { RedisBackend }, url] = [await import('ioredis'), await import('../../lib/redis.ts'), await sharedServer('redis')]
    const client = new Redis(url)
    return async () => ({ backend: new RedisBackend(client, { prefix: `${newSpace()}:` }), close: keep })
  },
  async memcached () {
    const [{ Client }, { MemcachedBackend }] = [await import('memjs'), await import('../../lib/memcached.ts')]
    const client = Client.create(new URL(await sharedServer('memcached')).host)
    return async () => ({ backend: new MemcachedBackend(client, { prefix: `${newSpace()}:` }), close: keep })
  },
  async postgres () {
    const { default: { Pool } } = await import('pg')
    return inTables(new PostgresDialect({ pool: new Pool({ connectionString: await sharedServer('postgres') }) }))
  },
  async mariadb () {
    const { createPool } = await import('mysql2')
    return inTables(new MysqlDialect({ pool: createPool(await sharedServer('mysql')) }))
  }
}

function inTables (dialect: Dialect): Open {
  const db = new Kysely<any>({ dialect })
  return async () => {
    const table = newSpace()
    await createSessionTable(db, { table })
    return { backend: new DatabaseBackend(db, { table }), close: async () => { await db.schema.dropTable(table).execute() } }
  }
}

/** A store for express-session that forgets nothing by the clock of the machine. */
class MapStore implements ExpressStore {
  readonly #sessions = new Map<string, string>()
  get (id: string, done: (error: null, session?: unknown) => void): void { done(null, JSON.parse(this.#sessions.get(id) ?? 'null')) }
  set (id: string, session: unknown, done?: () => void): void {
    this.#sessions.set(id, JSON.stringify(session))
    done?.()
  }

  destroy (id: string, done?: () => void): void {
    this.#sessions.delete(id)
    done?.()
  }

  all (done: (error: null, sessions: unknown[]) => void): void { done(null, [...this.#sessions.values()].map(text => JSON.parse(text))) }
}
