import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import SQLite from 'better-sqlite3'
import { Kysely, type KyselyPlugin, type LogEvent, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import { PGliteDialect } from 'kysely-pglite-dialect'
import { createPool } from 'mysql2'
import pg from 'pg'
import type { Test } from 'tap'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions } from '../../lib/database.ts'
import { sharedServer } from './servers.ts'

export const DATABASES = ['SQLite in memory', 'SQLite in a file', 'PostgreSQL', 'MariaDB', 'PGlite'] as const
export type DatabaseName = typeof DATABASES[number]

export interface Database {
  readonly db: Kysely<any>
  /** The statements sent so far, since the last `sent()`. */
  sent (): string[]
}

interface Opened {
  readonly plugins?: KyselyPlugin[]
  /** Of MySQL. */
  readonly flags?: string[]
}

/** A pool that survives what the server does to its connections. */
export function pgPool (url: string, max = 10): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max })
  pool.on('error', () => {})
  pool.on('connect', client => { client.on('error', () => {}) })
  return pool
}

async function dialectOf (name: DatabaseName, t: Test, flags: string[] | undefined) {
  if (name === 'PostgreSQL') return new PostgresDialect({ pool: pgPool(await sharedServer('postgres')) })
  if (name === 'MariaDB') return new MysqlDialect({ pool: createPool({ uri: await sharedServer('mysql'), ...(flags && { flags }) }) })
  if (name === 'PGlite') return new PGliteDialect(new PGlite() as never)
  if (name === 'SQLite in memory') return new SqliteDialect({ database: new SQLite(':memory:') })
  const path = join(tmpdir(), `fastsessions-${randomBytes(6).toString('hex')}.db`)
  t.teardown(() => { for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true }) })
  const database = new SQLite(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = normal')
  return new SqliteDialect({ database })
}

/** A database of this test, open until its end. On servers it is shared: use tables of your own. */
export async function openDatabase (t: Test, name: DatabaseName, { plugins = [], flags }: Opened = {}): Promise<Database> {
  const statements: string[] = []
  const log = (event: LogEvent) => { statements.push(event.query.sql) }
  const db = new Kysely<any>({ dialect: await dialectOf(name, t, flags), log, plugins })
  t.teardown(() => db.destroy())
  return { db, sent: () => statements.splice(0) }
}

/** A name that no other test uses, dropped at the end. */
export function freshTable (t: Test, db: Kysely<any>, prefix = 'sessions'): string {
  const table = `${prefix}_${randomBytes(6).toString('hex')}`
  t.teardown(() => db.schema.dropTable(table).ifExists().execute())
  return table
}

/** A backend with a table of its own. */
export async function freshBackend (t: Test, db: Kysely<any>, options: DatabaseBackendOptions = {}): Promise<DatabaseBackend> {
  const table = options.table ?? freshTable(t, db)
  await createSessionTable(db, { ...options, table })
  return new DatabaseBackend(db, { pool: false, ...options, table })
}
