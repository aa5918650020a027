import { sql } from 'kysely'
import type { KeyFilter } from '../index-keys.ts'
import type { AnyKysely, Dialect } from './dialect.ts'
import { type Field, LABEL_FIELDS, type Place } from './names.ts'
import { slot, type Statement } from './statement.ts'
import { changing, fieldsOf, READ_FIELDS, setting } from './statements.ts'
import type { Compile } from './telling.ts'

/** The statements about the live sessions of a registration that match a filter. All have the slots property, now, ofSubject, ofLabel. */
export interface Selections {
  /** cursor, limit */
  readonly list: Statement
  readonly count: Statement
  /** except, channel */
  readonly remove: Statement
  /** Leaves a tombstone in each row: except, channel, and the fields of the tombstone but the id. */
  readonly end: Statement
}

/** What the statements depend on besides the values of their slots. */
export interface Shape {
  /** Which keys the filter has; a table without columns for labels has no sessions with labels. */
  readonly filter: KeyFilter
  readonly hasLabels: boolean
  /** Whether `list` reads the columns that are not this library's, too. */
  readonly withOwnColumns: boolean
}

/** The name of a shape: the same for filters that differ in values only. */
export function nameOf ({ filter: { subject, label }, hasLabels, withOwnColumns }: Shape): string {
  return [subject !== undefined, label !== undefined, hasLabels, withOwnColumns].join()
}

export function createSelections (
  db: AnyKysely, compile: Compile, dialect: Dialect, { table, columns: c }: Place, shape: Shape
): Selections {
  const { filter: { subject, label }, hasLabels, withOwnColumns } = shape
  const equals = (column: string, name: string) => {
    const equal = sql`${sql.ref(column)} = ${slot(name)}`
    // MySQL takes 'a' and 'a ' for equal, whatever the collation: without the lengths, two users would be one.
    return dialect === 'mysql' ? sql`${equal} and char_length(${sql.ref(column)}) = char_length(${slot(name)})` : equal
  }
  // Expired sessions are absent, and tombstones (records without data) are not listed.
  const matching = (query: any) => {
    let live = query.where(c.property, '=', slot('property')).where(c.expiresAt, '>', slot('now')).where(c.data, '<>', '')
    if (subject !== undefined) live = live.where(equals(c.subject, 'ofSubject'))
    if (label === undefined) return live
    return live.where(sql`(${sql.join(LABEL_FIELDS.map(field => equals(c[field], 'ofLabel')), sql` or `)})`)
  }
  const selecting = db.selectFrom(table)
  const known = (withOwnColumns ? listedFields(hasLabels) : READ_FIELDS).map(field => c[field])
  const reading = withOwnColumns ? selecting.select(known).selectAll(table) : selecting.select(known)
  const others = (query: any) => matching(query).where(c.id, '<>', slot('except'))
  return {
    list: compile.plain(matching(reading).where(c.id, '>', slot('cursor')).orderBy(sql.ref(c.id)).limit(slot('limit'))),
    count: compile.plain(matching(selecting.select(({ fn }: any) => fn.countAll().as('count')))),
    remove: compile.change(others(db.deleteFrom(table))),
    end: compile.change(others(db.updateTable(table).set(setting(c, changing(fieldsOf(hasLabels))))))
  }
}

/** The columns of a listing with the application's own: all of this library's first, so that those which follow are the application's. */
export function listedFields (hasLabels: boolean): Field[] {
  const read = new Set<Field>(READ_FIELDS)
  return [...READ_FIELDS, ...fieldsOf(hasLabels).filter(field => !read.has(field))]
}
