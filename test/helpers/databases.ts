import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import SQLite from 'better-sqlite3'
import { Kysely, type KyselyPlugin, type LogEvent, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import { PGliteDialect } from 'kysely-pglite-dialect'
import type { FastifyBaseLogger } from 'fastify'
import { createPool } from 'mysql2'
import pg from 'pg'
import type { Test } from 'tap'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions } from '../../lib/database.ts'
import { randomVersion } from '../../lib/crypto/random.ts'
import type { BackendContext, SessionRecord } from '../../types/index.d.ts'
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
  const table = `${prefix} ${randomBytes(6).toString('hex')}`
  t.teardown(() => db.schema.dropTable(table).ifExists().execute())
  return table
}

/** A backend with a table of its own. */
export async function freshBackend (t: Test, db: Kysely<any>, options: DatabaseBackendOptions = {}): Promise<DatabaseBackend> {
  const table = options.table ?? freshTable(t, db)
  await createSessionTable(db, { ...options, table })
  return new DatabaseBackend(db, { pool: false, ...options, table })
}

const HOUR_MS = 3_600_000
const START = Date.UTC(2027, 2, 1)

/** A backend as a registration uses it, with a clock to move and records made to measure. */
export async function databaseBench (t: Test, { db }: Database, options: DatabaseBackendOptions = {}) {
  const clock = { now: START }
  const logs: string[] = []
  const root = await freshBackend(t, db, options)
  const bind = (overrides: Partial<BackendContext> = {}) => root.bind(contextOf({ now: () => clock.now, log: logTo(logs), ...overrides }))
  return { clock, logs, bind, root, backend: bind(), ...records(clock) }
}

/** What `bind` hands to a backend. */
export function contextOf (overrides: Partial<BackendContext> = {}): BackendContext {
  return { property: 'session', now: Date.now, secrets: [], cookie: { name: 'session' }, timeout: 5_000, log: logTo([]), ...overrides }
}

/** Keeps what is logged, each line with its level before it. */
export function logTo (lines: string[]): FastifyBaseLogger {
  const at = (level: string) => (first: unknown, message?: string) => { lines.push(`${level}: ${typeof first === 'string' ? first : message ?? ''}`) }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as unknown as FastifyBaseLogger
}

export function records (clock: { now: number }) {
  const record = (overrides: Partial<SessionRecord> = {}): SessionRecord => ({
    id: randomBytes(32).toString('hex'), version: randomVersion(), data: '{"n":1}', schemaVersion: 1, subject: null, policy: null, createdAt: clock.now, lastAccessedAt: clock.now, expiresAt: clock.now + HOUR_MS, ...overrides
  })
  const next = (previous: SessionRecord, overrides: Partial<SessionRecord> = {}): SessionRecord => ({ ...previous, version: randomVersion(), ...overrides })
  return { record, next }
}
