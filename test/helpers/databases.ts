import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import SQLite from 'better-sqlite3'
import { Kysely, type KyselyPlugin, type LogEvent, MysqlAdapter, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import { PGliteDialect } from 'kysely-pglite-dialect'
import type { FastifyBaseLogger } from 'fastify'
import { createPool } from 'mysql2'
import pg from 'pg'
import type { Test } from 'tap'
import { createSessionTable, DatabaseBackend, type DatabaseBackendOptions } from '../../lib/database.ts'
import type { BackendContext, SessionRecord } from '../../types/index.d.ts'
import { newRecord, nextOf } from './records.ts'
import { sharedServer } from './servers.ts'
import { START } from './times.ts'

export const DATABASES = ['SQLite in memory', 'SQLite in a file', 'PostgreSQL', 'MariaDB', 'PGlite'] as const
export type DatabaseName = typeof DATABASES[number]

export interface Database {
  readonly db: Kysely<any>
  /** The statements sent since the last call of `sent()`. */
  sent (): string[]
}

interface Opened {
  readonly plugins?: KyselyPlugin[]
  /** Flags of the connections to MySQL. */
  readonly flags?: string[]
  /** The charset of the connections to MySQL. */
  readonly charset?: string
}

/** A pool that survives a server which ends connections. */
export function pgPool (url: string, max = 10): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max })
  pool.on('error', () => {})
  pool.on('connect', client => { client.on('error', () => {}) })
  return pool
}

async function dialectOf (name: DatabaseName, t: Test, { flags, charset }: Opened) {
  if (name === 'PostgreSQL') return new PostgresDialect({ pool: pgPool(await sharedServer('postgres')) })
  if (name === 'MariaDB') return new MysqlDialect({ pool: createPool({ uri: await sharedServer('mysql'), ...(flags && { flags }), ...(charset && { charset }) }) })
  if (name === 'PGlite') return new PGliteDialect(new PGlite() as never)
  if (name === 'SQLite in memory') return new SqliteDialect({ database: new SQLite(':memory:') })
  const path = join(tmpdir(), `fastsessions-${randomBytes(6).toString('hex')}.db`)
  t.teardown(() => { for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true }) })
  const database = new SQLite(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = normal')
  return new SqliteDialect({ database })
}

/** A database, open until the end of the test. Tests share the databases of servers: use a fresh table. */
export async function openDatabase (t: Test, name: DatabaseName, opened: Opened = {}): Promise<Database> {
  const statements: string[] = []
  const log = (event: LogEvent) => { statements.push(event.query.sql) }
  const db = new Kysely<any>({ dialect: await dialectOf(name, t, opened), log, plugins: opened.plugins ?? [] })
  t.teardown(() => db.destroy())
  return { db, sent: () => statements.splice(0) }
}

/** PostgreSQL with a pool to hand over, and the statements that the backend has sent through the pool. */
export async function openPool (t: Test, url?: string): Promise<Database & { pool: pg.Pool }> {
  const pool = pgPool(url ?? await sharedServer('postgres'))
  const statements: string[] = []
  const query = pool.query.bind(pool) as (config: { text: string }) => unknown
  const listening = (config: { text: string }) => {
    statements.push(config.text)
    return query(config)
  }
  pool.query = listening as typeof pool.query
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  return { db, pool, sent: () => statements.splice(0) }
}

/** SQLite with a handle to hand over: the statements that went through Kysely, and what was executed past Kysely. */
export function openHandle (t: Test, path = ':memory:', options: SQLite.Options = {}) {
  const database = new SQLite(path, options)
  const [statements, executed]: string[][] = [[], []]
  const exec = database.exec.bind(database)
  database.exec = text => {
    executed!.push(text)
    return exec(text)
  }
  const db = new Kysely<any>({ dialect: new SqliteDialect({ database }), log: ({ query }) => { statements!.push(query.sql) } })
  t.teardown(() => db.destroy())
  return { db, database, sent: () => statements!.splice(0), executed: () => executed!.splice(0) }
}

/** The name of a table for this test alone, which is dropped at the end of the test. */
export function freshTable (t: Test, db: Kysely<any>, prefix = 'sessions'): string {
  const table = `${prefix} ${randomBytes(6).toString('hex')}`
  t.teardown(() => db.schema.dropTable(table).ifExists().execute())
  return table
}

/** A table of version 0.1.0, without columns for labels. */
export async function oldTable (t: Test, db: Kysely<any>): Promise<string> {
  const table = freshTable(t, db)
  await createSessionTable(db, { table })
  for (const label of ['label_1', 'label_2', 'label_3', 'label_4']) {
    const index = db.schema.dropIndex(`${table}_${label}_index`)
    await (db.getExecutor().adapter instanceof MysqlAdapter ? index.on(table) : index).execute()
    await db.schema.alterTable(table).dropColumn(label).execute()
  }
  return table
}

/** A backend with a fresh table. */
export async function freshBackend (t: Test, db: Kysely<any>, options: DatabaseBackendOptions = {}): Promise<DatabaseBackend> {
  const table = options.table ?? freshTable(t, db)
  await createSessionTable(db, { ...options, table })
  return new DatabaseBackend(db, { pool: false, ...options, table })
}

/** A backend bound as a registration binds it, with a movable clock and records by that clock. */
export async function databaseBench (t: Test, { db }: Database, options: DatabaseBackendOptions = {}) {
  const clock = { now: START }
  const logs: string[] = []
  const root = await freshBackend(t, db, options)
  await root.prepare()
  const bind = (overrides: Partial<BackendContext> = {}) => root.bind(contextOf({ now: () => clock.now, log: logTo(logs), ...overrides }))
  return { clock, logs, bind, root, backend: bind(), ...records(clock) }
}

/** The context that a registration hands to `bind`. */
export function contextOf (overrides: Partial<BackendContext> = {}): BackendContext {
  return { property: 'session', now: Date.now, secrets: [], cookie: { name: 'session' }, timeout: 5_000, log: logTo([]), ...overrides }
}

/** A log that keeps its lines as `level: message`. */
export function logTo (lines: string[]): FastifyBaseLogger {
  const at = (level: string) => (first: unknown, message = '') => { lines.push(`${level}: ${typeof first === 'string' ? first : message}`) }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as unknown as FastifyBaseLogger
}

export function records (clock: { now: number }) {
  const record = (overrides: Partial<SessionRecord> = {}): SessionRecord => newRecord(overrides, clock.now)
  return { record, next: nextOf }
}
