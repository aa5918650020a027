import type { AnyKysely } from './dialect.ts'
import type { Field, Place } from './names.ts'
import { hasCode } from './statement.ts'
import { within } from './table.ts'

/** PostgreSQL, MySQL. */
const NO_COLUMN = new Set<unknown>(['42703', 1054])
const SQLITE_NO_COLUMN = /^no such column/

/** Reads no rows of some columns: fails where the table or a column is missing. */
export async function lookAt (db: AnyKysely, { table, schema, columns }: Place, fields: readonly Field[]): Promise<void> {
  // With the table before each column: SQLite takes an unknown name in quotes for text.
  await within(db, schema).selectFrom(table).select(fields.map(field => `${table}.${columns[field]}`)).limit(0).execute()
}

/** Whether an error says that a column is missing. */
export function isNoColumn (error: unknown): boolean {
  return hasCode(error, NO_COLUMN) || (error instanceof Error && SQLITE_NO_COLUMN.test(error.message))
}
