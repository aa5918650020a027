import { sql } from 'kysely'
import type { AnyKysely } from './dialect.ts'
import { NO_ROWS, type Together } from './joined.ts'
import type { Place } from './names.ts'
import { arrayOf, idsAsTable, whereKeyIsText } from './postgres-rows.ts'
import { type Answer, slot, type Values } from './statement.ts'
import { READ_FIELDS } from './statements.ts'
import type { Compile } from './telling.ts'

/** How many ids a statement has, which is filled up: so there are few statements, and each is compiled once. */
const SIZES = [4, 16, 64]
/** The most ids in a statement that has a parameter for each. */
export const MAX_LISTED = SIZES.at(-1)!

/** PostgreSQL: reads rows by a single array, whatever their number. */
export function readsOfArray (db: AnyKysely, compile: Compile, place: Place): Together {
  const { table, columns: { id } } = place
  const read = compile.plain(selecting(db, [table, idsAsTable()], place).where(id, '=', sql.raw('v.v0')))
  return whereKeyIsText(db, compile, place, byProperty((ids, property) => read({ ids: arrayOf(ids), property })))
}

/** Reads rows by a list of ids, which is filled up with the last id. */
export function readsOfList (db: AnyKysely, compile: Compile, place: Place): Together {
  const reads = SIZES.map(size => {
    const slots = Array.from({ length: size }, (_, n) => slot(`id ${n}`))
    return { size, read: compile.plain(selecting(db, place.table, place).where(place.columns.id, 'in', slots)) }
  })
  return byProperty((ids, property) => {
    const { size, read } = reads.find(({ size }) => size >= ids.length)!
    const values = Array.from({ length: size }, (_, n) => [`id ${n}`, ids[Math.min(n, ids.length - 1)]])
    return read({ ...Object.fromEntries(values), property })
  })
}

function selecting (db: AnyKysely, from: any, { columns: c }: Place): any {
  return db.selectFrom(from).select(READ_FIELDS.map(field => c[field])).where(c.property, '=', slot('property'))
}

/** One statement for the rows of each registration: an id of one is nothing to another. */
function byProperty (read: (ids: readonly string[], property: string) => Promise<Answer>): Together {
  return async rows => {
    const found = new Map<string, Answer>()
    const properties = new Set(rows.map(({ property }) => property as string))
    await Promise.all([...properties].map(async property => {
      const ids = new Set(rows.filter(row => row['property'] === property).map(({ id }) => id as string))
      const answer = await read([...ids], property)
      for (const row of answer.rows) found.set(keyOf(Object.values(row)[0], property), { rows: [row], affected: 0 })
    }))
    return rows.map(({ id, property }) => found.get(keyOf(id, property)) ?? NO_ROWS)
  }
}

function keyOf (id: unknown, property: Values[string]): string { return `${id} ${property}` }
