import type { FastifyBaseLogger } from 'fastify'
import { sql } from 'kysely'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { isNoColumn, lookAt } from './columns.ts'
import type { AnyKysely, Dialect } from './dialect.ts'
import { type Field, FIELDS, type Place } from './names.ts'
import { checkPool } from './pool.ts'
import type { SessionTable } from './session-table.ts'
import { checkHandle } from './sqlite.ts'
import { hasCode, type Statement } from './statement.ts'
import { nameOf, tableSql } from './table.ts'

type Log = Pick<FastifyBaseLogger, 'warn'>

/** PostgreSQL: table, schema. MySQL: table, database. */
const NO_TABLE = new Set<unknown>(['42P01', '3F000', 1146, 1049])
const SQLITE_NO_TABLE = /^no such table/
/** The errors of Kysely, pg, mysql2, better-sqlite3 and PGlite after they were closed. */
const CLOSED = new RegExp([
  'has already been destroyed',
  'after calling end on the pool',
  'pool is closed',
  'connection is not open',
  'PGlite (?:is closed|not initialized)'
].join('|'), 'i')

/** Characters of one to four bytes in UTF-8. */
const ALL_PLANES = 'aš€中🧺'
const NO_BACKSLASH_ESCAPES = 'NO_BACKSLASH_ESCAPES'
const STRICT = /STRICT_(?:TRANS|ALL)_TABLES/

/**
 * Checks at the start of the application whether the database can hold sessions.
 *
 * @throws InvalidOptionsError when only a change of the options or the database helps; any other error when the database cannot
 * be reached now
 */
export async function checkDatabase (
  { db, dialect, place, pools, statements, labels }: SessionTable, log: Log | undefined
): Promise<void> {
  await checkTable(db, dialect, place)
  await labels.areThere()
  if (pools.pg) await checkPoolTable(statements.exists)
  if (pools.sqlite !== undefined) await checkHandle(pools.sqlite, db)
  if (dialect === 'mysql') await checkCharset(db)
  if (dialect === 'mysql') await checkSqlMode(db, log)
  if (dialect === 'postgres' && log !== undefined) await checkPool(pools.pg, db, log)
}

/** Looks for the table and its columns. @throws InvalidOptionsError when a column or the table is missing, or `db` was closed */
async function checkTable (db: AnyKysely, dialect: Dialect, place: Place): Promise<void> {
  try {
    await lookAt(db, place, FIELDS)
  } catch (error) {
    throw await explain(error, db, dialect, place)
  }
}

/** Looks for the table through pg's pool. @throws InvalidOptionsError when the pool leads to a different database */
async function checkPoolTable (exists: Statement): Promise<void> {
  try {
    await exists({ id: '', property: '', now: 0 })
  } catch (error) {
    if (!hasCode(error, NO_TABLE)) throw error
    throw unexpected('DatabaseBackend.pool', 'the pool that Kysely uses', {}, 'there is no such table where it leads')
  }
}

/**
 * mysql2 writes values into the text of a statement, and escapes quotes by backslashes. When MySQL does not know backslashes
 * as escapes, a value could end its own text and run as SQL (docs/security.md C157).
 *
 * @throws InvalidOptionsError in such an SQL mode
 */
async function checkSqlMode (db: AnyKysely, log: Log | undefined): Promise<void> {
  const { rows: [row] } = await sql<{ mode: string }>`select @@session.sql_mode as mode`.execute(db.withoutPlugins())
  const { mode } = row!
  if (mode.includes(NO_BACKSLASH_ESCAPES)) {
    throw new InvalidOptionsError(
      `The SQL mode ${NO_BACKSLASH_ESCAPES} must be off: mysql2 escapes values by backslashes, so that a value could be taken for SQL`
    )
  }
  if (STRICT.test(mode)) return
  log?.warn('the SQL mode of MySQL is not strict: what is too long for a column is cut without an error; add STRICT_TRANS_TABLES')
}

/**
 * mysql2 cuts characters to one byte on a connection with the charset latin1: a user whose name begins with `š` would become
 * another user. A round trip of text from the whole of Unicode shows whether the connection changes text.
 *
 * @throws InvalidOptionsError for such a connection
 */
async function checkCharset (db: AnyKysely): Promise<void> {
  const { rows: [row] } = await sql<{ text: unknown }>`select ${ALL_PLANES} as text`.execute(db.withoutPlugins())
  if (row!.text === ALL_PLANES) return
  throw new InvalidOptionsError(
    'The connection to MySQL changes text on its way: give the pool of mysql2 the option `charset: \'utf8mb4\'`, or leave the option out'
  )
}

/** An error which says how to repair the table; the given error when the table is not the reason. */
async function explain (error: unknown, db: AnyKysely, dialect: Dialect, place: Place): Promise<unknown> {
  const message = error instanceof Error ? error.message : ''
  if (CLOSED.test(message)) return because('Expected `DatabaseBackend.db` to be open, and it was destroyed, or its pool ended', error)
  if (hasCode(error, NO_TABLE) || SQLITE_NO_TABLE.test(message)) return because(noTable(db, dialect, place), error)
  if (!isNoColumn(error)) return error
  return because(noColumn(db, dialect, place, await missingFields(db, place)), error)
}

function noTable (db: AnyKysely, dialect: Dialect, place: Place): string {
  return `The database has no table ${nameOf(place)} for sessions. ` +
    `Call createSessionTable(db, options), use sessionMigration(options), or run:\n${tableSql(db, dialect, place)}`
}

function noColumn (db: AnyKysely, dialect: Dialect, place: Place, missing: readonly Field[]): string {
  const list = missing.map(field => `${JSON.stringify(place.columns[field])} (\`${field}\`)`).join(', ')
  return `The table ${nameOf(place)} has no column ${list}; add it, or name the column that holds it in \`columns\`. ` +
    `A table with all of them:\n${tableSql(db, dialect, place)}`
}

async function missingFields (db: AnyKysely, place: Place): Promise<Field[]> {
  const missing: Field[] = []
  for (const field of FIELDS) {
    try {
      await lookAt(db, place, [field])
    } catch {
      missing.push(field)
    }
  }
  return missing
}

function because (message: string, cause: unknown): InvalidOptionsError {
  return Object.assign(new InvalidOptionsError(message), { cause })
}
