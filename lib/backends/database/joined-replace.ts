import { sql } from 'kysely'
import type { AnyKysely } from './dialect.ts'
import { NO_ROWS, type Together } from './joined.ts'
import { NUMBER_FIELDS, type Place } from './names.ts'
import { objectsAsTable, whereKeyIsText } from './postgres-rows.ts'
import type { Answer, Values } from './statement.ts'
import { changing, fieldsOf } from './statements.ts'
import type { Compile } from './telling.ts'

const DONE: Answer = { rows: [], affected: 1 }
/** What a row has besides the columns which are replaced. */
const CONDITIONS = ['id', 'property', 'now', 'expected']
const NUMBERS = new Set<string>([...NUMBER_FIELDS, 'now', 'expected'])
/**
 * A row that a stranger has locked holds up the rows beside it for so long: then the server gives up, and each row is sent alone. For
 * this statement only, and shorter than the second after which PostgreSQL looks for deadlocks.
 */
const LOCK_TIMEOUT_MS = 100

/**
 * PostgreSQL: replaces rows by one statement, each if its version is the expected version.
 *
 *     update sessions set version = v.v4, data = v.v5, … from (select … from json_to_recordset($1) …) as v (v0, v1, …)
 *     where id = v.v0 and property = v.v1 and expires_at > v.v2 and version = v.v3 returning id
 */
export function replacesOfObjects (db: AnyKysely, compile: Compile, place: Place, hasLabels: boolean): Together {
  const { table, columns: c } = place
  const fields = changing(fieldsOf(hasLabels))
  const names = [...CONDITIONS, ...fields]
  const given = (name: string) => sql.raw(`v.v${names.indexOf(name)}`)
  const rows = objectsAsTable(names.map(name => [name, NUMBERS.has(name) ? 'bigint' : 'text']))
  const limit = sql`(select set_config('lock_timeout', ${sql.lit(String(LOCK_TIMEOUT_MS))}, true))`
  const replace = compile.plain((db as any).updateTable(table)
    .set(Object.fromEntries(fields.map(field => [c[field], given(field)])))
    // No row is there to be locked before the limit is set.
    .from([limit.as(sql.raw('l')), rows])
    .where(c.id, '=', given('id'))
    .where(c.property, '=', given('property'))
    .where(c.expiresAt, '>', given('now'))
    .where(c.version, '=', given('expected'))
    .returning(c.id))
  return whereKeyIsText(db, compile, place, async rows => {
    // Statements of two processes which lock their rows in the same order rarely meet in a deadlock.
    const sorted = [...rows].sort((a, b) => idOf(a) < idOf(b) ? -1 : 1)
    const { rows: done } = await replace({ rows: JSON.stringify(sorted) })
    const ids = new Set(done.map(row => Object.values(row)[0]))
    return rows.map(row => ids.has(idOf(row)) ? DONE : NO_ROWS)
  })
}

/** Of a row to be replaced. */
export function idOf (row: Values): string { return row['id'] as string }
