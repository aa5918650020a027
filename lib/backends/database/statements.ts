import { sql } from 'kysely'
import type { AnyKysely, Dialect } from './dialect.ts'
import { type Columns, type Field, FIELDS, LABEL_FIELDS, type Place } from './names.ts'
import { slot, type Statement } from './statement.ts'
import type { Compile } from './telling.ts'

/** The columns of a row as a read returns them, by position. */
export const READ_FIELDS = FIELDS.filter(field => field !== 'property')
/** Where PostgreSQL keeps a row. Raw, since a plugin of the application which renames columns must not rename this one. */
const CTID = sql`ctid`
/** Begins the names of slots for the application's own columns, apart from the slots for fields. */
export const EXTRA_PREFIX = 'extra '

/** The statements which do not depend on the application's own columns, each with its slots; those that change also have `channel`. */
export interface Statements {
  /** id, property */
  readonly read: Statement
  /** id, property, now */
  readonly exists: Statement
  /** id, property */
  readonly remove: Statement
  /** id, property, now, expected */
  readonly removeVersion: Statement
  /** id, property, now, version, lastAccessedAt, expiresAt */
  readonly touch: Statement
  /** property */
  readonly removeAll: Statement
  /** now, limit */
  readonly removeExpired: Statement
}

/** The statements which write a whole row. Slots: the fields of a record, the application's own columns, property, now, channel. */
export interface Writes {
  /** Stores the row where no live session stands. On MySQL: where no row stands, else the error of a duplicate key. */
  readonly insert: Statement
  /** Replaces a live session of the version in the slot `expected`. */
  readonly replace: Statement
  /** Replaces the row, unless the row already has the version which is written. */
  readonly overwrite: Statement
  /** Replaces an expired row, whichever registration left the row. */
  readonly takeOver: Statement
}

export function createStatements (db: AnyKysely, compile: Compile, dialect: Dialect, { table, columns: c }: Place): Statements {
  const readColumns = READ_FIELDS.map(field => c[field])
  const selecting = () => db.selectFrom(table)
  const deleting = () => db.deleteFrom(table)
  const touching = () => db.updateTable(table).set(setting(c, ['lastAccessedAt', 'expiresAt']))

  return {
    read: compile.plain(byId(selecting().select(readColumns), c)),
    exists: compile.plain(live(selecting().select(c.id), c)),
    remove: compile.change(byId(deleting(), c)),
    removeVersion: compile.change(live(deleting(), c).where(c.version, '=', slot('expected'))),
    // A renewal that is late does not undo a later one.
    touch: compile.plain(live(touching(), c).where(c.version, '=', slot('version')).where(c.lastAccessedAt, '<=', slot('lastAccessedAt'))),
    removeAll: compile.end(deleting().where(c.property, '=', slot('property'))),
    removeExpired: compile.plain(sweeping(db, dialect, table, c))
  }
}

/** The columns of a write which are not in every table. */
export interface Optional {
  readonly hasLabels: boolean
  /** The names of the application's own columns. */
  readonly extra: readonly string[]
}

export function createWrites (
  db: AnyKysely, compile: Compile, dialect: Dialect, { table, columns: c }: Place, { hasLabels, extra }: Optional
): Writes {
  const own = Object.fromEntries(extra.map(name => [name, slot(EXTRA_PREFIX + name)]))
  const fields = fieldsOf(hasLabels)
  const changes = { ...setting(c, changing(fields)), ...own }
  // An expired row may be one of a different registration.
  const changesOfExpired = { ...changes, ...setting(c, ['property']) }
  const inserting = db.insertInto(table).values({ ...setting(c, fields), ...own })
  // Creating a session succeeds over an expired row which the sweeper has not deleted yet.
  const insertingOverExpired = () => inserting.onConflict(conflict => conflict.column(c.id)
    .doUpdateSet(Object.fromEntries(Object.keys(changesOfExpired).map(name => [name, sql`excluded.${sql.ref(name)}`])))
    .where(sql.ref(`${table}.${c.expiresAt}`), '<=', slot('now')))
  const updating = () => byId(db.updateTable(table).set(changes), c)
  const takingOver = () => db.updateTable(table).set(changesOfExpired).where(c.id, '=', slot('id'))

  return {
    insert: compile.change(dialect === 'mysql' ? inserting : insertingOverExpired()),
    replace: compile.change(unexpired(updating(), c).where(c.version, '=', slot('expected'))),
    overwrite: compile.change(updating().where(c.version, '<>', slot('version'))),
    takeOver: compile.plain(expired(takingOver(), c))
  }
}

/** The session of a registration. Registrations share the key of the table: an id of one is nothing to another. */
function byId (query: any, c: Columns): any {
  return query.where(c.id, '=', slot('id')).where(c.property, '=', slot('property'))
}

function live (query: any, c: Columns): any {
  return unexpired(byId(query, c), c)
}

function unexpired (query: any, c: Columns): any {
  return query.where(c.expiresAt, '>', slot('now'))
}

function expired (query: any, c: Columns): any {
  return query.where(c.expiresAt, '<=', slot('now'))
}

/** The columns of a table. */
export function fieldsOf (hasLabels: boolean): Field[] { return hasLabels ? [...FIELDS, ...LABEL_FIELDS] : FIELDS }

/** The columns which a write replaces, of the columns of a table. */
export function changing (fields: readonly Field[]): Field[] { return fields.filter(field => field !== 'id' && field !== 'property') }

export function setting (c: Columns, fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(field => [c[field], slot(field)]))
}

/** Deletes a batch of expired rows, the oldest first. */
function sweeping (db: AnyKysely, dialect: Dialect, table: string, c: Columns): any {
  const oldest = (query: any) => expired(query, c).orderBy(sql.ref(c.expiresAt)).limit(slot('limit'))
  const deleting = db.deleteFrom(table)
  if (dialect === 'mysql') return oldest(deleting)
  // The inner query is no query of `db`: the application's plugins would change its names twice, once as a part of the outer one.
  const chosen = dialect === 'postgres'
    ? deleting.where(CTID, '=', ({ selectFrom }: any) =>
      sql`any(array(${oldest(selectFrom(table).select(CTID.as('row'))).forUpdate().skipLocked()}))`)
    : deleting.where(c.id, 'in', ({ selectFrom }: any) => oldest(selectFrom(table).select(c.id)))
  // Asked again for the rows found: a request may have renewed a session between the two steps.
  return expired(chosen, c)
}
