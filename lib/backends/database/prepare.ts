import type { FastifyBaseLogger } from 'fastify'
import { sql } from 'kysely'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import type { AnyKysely, Dialect } from './dialect.ts'
import { FIELDS, type Place } from './names.ts'
import { hasCode, type Statement } from './statement.ts'
import { tableSql, within } from './table.ts'

/** PostgreSQL: table, schema. MySQL: table, database. */
const NO_TABLE = new Set<unknown>(['42P01', '3F000', 1146, 1049])
const NO_COLUMN = new Set<unknown>(['42703', 1054])
const SQLITE_NO_TABLE = /^no such table/
const SQLITE_NO_COLUMN = /^no such column/
/** What Kysely, pg, mysql2, better-sqlite3 and PGlite say once they were closed. */
const CLOSED = /has already been destroyed|after calling end on the pool|pool is closed|connection is not open|PGlite (?:is closed|not initialized)/i

/** mysql2 writes values into the statement, and quotes in them after a backslash: without it a value could end its text. */
const NO_ESCAPES = 'NO_BACKSLASH_ESCAPES'
const STRICT = /STRICT_(?:TRANS|ALL)_TABLES/

/**
 * Looks at the SQL mode of MySQL.
 *
 * @throws InvalidOptionsError when values could be taken for SQL
 */
export async function checkSqlMode (db: AnyKysely, log: Pick<FastifyBaseLogger, 'warn'> | undefined): Promise<void> {
  const { rows: [row] } = await sql<{ mode: string }>`select @@session.sql_mode as mode`.execute(db.withoutPlugins())
  const { mode } = row!
  if (mode.includes(NO_ESCAPES)) throw new InvalidOptionsError(`The SQL mode ${NO_ESCAPES} must be off: mysql2 escapes values by backslashes, so that a value could be taken for SQL`)
  if (!STRICT.test(mode)) log?.warn('the SQL mode of MySQL is not strict: what is too long for a column is cut without an error; add STRICT_TRANS_TABLES')
}

/** Looks whether the table is there with all its columns. @throws InvalidOptionsError when not, or when the database was closed */
export async function checkTable (db: AnyKysely, dialect: Dialect, place: Place): Promise<void> {
  try {
    await select(db, place, FIELDS)
  } catch (error) {
    throw await explain(error, db, dialect, place)
  }
}

/** Looks whether the pool leads to that table, too. @throws InvalidOptionsError when not */
export async function checkPoolTable (read: Statement): Promise<void> {
  try {
    await read({ id: '' })
  } catch (error) {
    if (!hasCode(error, NO_TABLE)) throw error
    throw unexpected('DatabaseBackend.pool', 'the pool that Kysely uses', {}, 'there is no such table where it leads')
  }
}

async function select (db: AnyKysely, { table, schema, columns }: Place, fields: typeof FIELDS): Promise<void> {
  // With the table before each: SQLite may take an unknown name in quotes for text.
  await within(db, schema).selectFrom(table).select(fields.map(field => `${table}.${columns[field]}`)).limit(0).execute()
}

async function explain (error: unknown, db: AnyKysely, dialect: Dialect, place: Place): Promise<unknown> {
  const name = [place.schema, place.table].filter(part => part !== undefined).map(part => JSON.stringify(part)).join('.')
  const message = error instanceof Error ? error.message : ''
  if (CLOSED.test(message)) return because('Expected `DatabaseBackend.db` to be open, and it was destroyed, or its pool ended', error)
  if (is(error, NO_TABLE, SQLITE_NO_TABLE)) {
    return because(`The database has no table ${name} for sessions. Call createSessionTable(db, options), use sessionMigration(options), or run:\n${tableSql(db, dialect, place)}`, error)
  }
  if (!is(error, NO_COLUMN, SQLITE_NO_COLUMN)) return error
  const missing = await missingFields(db, place)
  const list = missing.map(field => `${JSON.stringify(place.columns[field])} (\`${field}\`)`).join(', ')
  return because(`The table ${name} has no column ${list}; add it, or name the column that holds it in \`columns\`. A table with all of them:\n${tableSql(db, dialect, place)}`, error)
}

async function missingFields (db: AnyKysely, place: Place): Promise<typeof FIELDS> {
  const missing: typeof FIELDS = []
  for (const field of FIELDS) {
    try {
      await select(db, place, [field])
    } catch {
      missing.push(field)
    }
  }
  return missing
}

function is (error: unknown, codes: Set<unknown>, sqlite: RegExp): boolean {
  return hasCode(error, codes) || (error instanceof Error && sqlite.test(error.message))
}

function because (message: string, cause: unknown): InvalidOptionsError {
  return Object.assign(new InvalidOptionsError(message), { cause })
}
