import { sql } from 'kysely'
import type { AnyKysely } from './dialect.ts'
import type { Together } from './joined.ts'
import type { Place } from './names.ts'
import { slot } from './statement.ts'
import type { Compile } from './telling.ts'

/** The most rows in a statement that has an array for each column. */
export const MAX_ROWS = 100

/**
 * The planner takes a limit which it does not know for a tenth of the rows: of ten for an array, of a hundred for JSON. When it expects
 * one row, it looks up each row by its key, however small the table is when it plans; and it plans once, since nothing that it could
 * know of the rows promises a better plan.
 */
const FEW = sql`limit (select ${sql.lit(MAX_ROWS)})`

/** A table `v` with the column v0: the texts of an array, in the slot `ids`. */
export function idsAsTable (): any { return sql`(select * from unnest(${slot('ids')}::text[]) ${FEW})`.as(sql.raw('v (v0)')) }

/** An array of ids as PostgreSQL writes arrays. */
export function arrayOf (ids: readonly string[]): string { return `{${ids.join()}}` }

/**
 * A table `v` with the columns v0, v1 and so on: the properties of objects, which the slot `rows` has as JSON. An array for each column
 * costs the server more (0.2 ms a statement), and this process, too.
 *
 * @param columns the properties, each with its type
 */
export function objectsAsTable (columns: ReadonlyArray<readonly [name: string, type: 'bigint' | 'text']>): any {
  const typed = sql.raw(columns.map(([name, type]) => `"${name}" ${type}`).join(', '))
  const numbered = sql.raw(`v (${columns.map((_, n) => `v${n}`).join(', ')})`)
  return sql`(select * from (select * from json_to_recordset(${slot('rows')}::json) as u (${typed}) ${FEW}) as w ${FEW})`.as(numbered)
}

/** As the server says it of a statement that does not fit. */
const NO_TEXT = { severity: 'ERROR', code: '42804' }

/** Looks at the key once: of a different type, such as char(64), the index finds no text, and each statement would read the table. */
export function whereKeyIsText (db: AnyKysely, compile: Compile, { table, columns }: Place, together: Together): Together {
  const type = sql<string>`pg_typeof(max(${sql.ref(columns.id)}))::text`
  const look = compile.plain(db.selectFrom(table).select(type.as('type')).where(sql<boolean>`false`))
  let isText = false
  return async rows => {
    if (!isText) {
      const { rows: [row] } = await look({})
      if (Object.values(row!)[0] !== 'text') throw Object.assign(new Error('the key is no text'), NO_TEXT)
      isText = true
    }
    return await together(rows)
  }
}
