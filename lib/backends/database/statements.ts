import { sql } from 'kysely'
import type { AnyKysely, Dialect } from './dialect.ts'
import { type Columns, FIELDS, type Place } from './names.ts'
import { type Prepare, slot, type Statement, statement } from './statement.ts'

/** What a row is read as, by position. */
export const READ_FIELDS = FIELDS.filter(field => field !== 'property')
/** What a write replaces. */
const CHANGING_FIELDS = FIELDS.filter(field => field !== 'id' && field !== 'property')
/** Slots of the application's own columns. */
export const EXTRA_PREFIX = 'extra '

/** What does not depend on the application's own columns. */
export interface Statements {
  /** id */
  readonly read: Statement
  /** id, now */
  readonly exists: Statement
  /** id */
  readonly remove: Statement
  /** id, now, expected */
  readonly removeVersion: Statement
  /** id, now, version, lastAccessedAt, expiresAt */
  readonly touch: Statement
  /** property, now, cursor, limit[, subject] */
  readonly list: Statement
  readonly listSubject: Statement
  /** property, now[, subject] */
  readonly count: Statement
  readonly countSubject: Statement
  /** property */
  readonly removeAll: Statement
  /** property, now, subject, except */
  readonly removeSubject: Statement
  /** now, limit */
  readonly removeExpired: Statement
}

/** What writes a whole row: the fields of a record, the slots of the own columns, property, now. */
export interface Writes {
  /** Where nothing live stands. MySQL: where nothing stands, else a duplicate-key error. */
  readonly insert: Statement
  /** expected */
  readonly replace: Statement
  /** Whatever stands, but for this very version. */
  readonly overwrite: Statement
  /** What has expired. */
  readonly takeOver: Statement
}

export function createStatements (db: AnyKysely, prepare: Prepare, dialect: Dialect, { table, columns }: Place): Statements {
  const c = columns
  const rows = () => db.selectFrom(table)
  const deleting = () => db.deleteFrom(table)
  // MySQL takes 'a' and 'a ' for equal, whatever the collation.
  const isSubject = (query: any) => {
    const exact = query.where(c.subject, '=', slot('subject'))
    return dialect === 'mysql' ? exact.where(sql`char_length(${sql.ref(c.subject)})`, '=', sql`char_length(${slot('subject')})`) : exact
  }
  const ofProperty = (query: any) => query.where(c.property, '=', slot('property')).where(c.expiresAt, '>', slot('now')).where(c.data, '<>', '')
  const page = (query: any) => ofProperty(query.select(READ_FIELDS.map(field => c[field])))
    .where(c.id, '>', slot('cursor')).orderBy(sql.ref(c.id)).limit(slot('limit'))
  const counted = () => ofProperty(rows().select(({ fn }: any) => fn.countAll().as('count')))
  const compile = (query: any) => statement(prepare, query)
  return {
    read: compile(rows().select(READ_FIELDS.map(field => c[field])).where(c.id, '=', slot('id'))),
    exists: compile(rows().select(c.id).where(c.id, '=', slot('id')).where(c.expiresAt, '>', slot('now'))),
    remove: compile(deleting().where(c.id, '=', slot('id'))),
    removeVersion: compile(live(deleting(), c).where(c.version, '=', slot('expected'))),
    touch: compile(live(db.updateTable(table).set(setting(c, ['lastAccessedAt', 'expiresAt'])), c).where(c.version, '=', slot('version'))),
    list: compile(page(rows())),
    listSubject: compile(isSubject(page(rows()))),
    count: compile(counted()),
    countSubject: compile(isSubject(counted())),
    removeAll: compile(deleting().where(c.property, '=', slot('property'))),
    removeSubject: compile(isSubject(ofProperty(deleting())).where(c.id, '<>', slot('except'))),
    removeExpired: compile(sweeping(db, dialect, table, c))
  }
}

export function createWrites (db: AnyKysely, prepare: Prepare, dialect: Dialect, { table, columns }: Place, extra: readonly string[]): Writes {
  const c = columns
  const own = Object.fromEntries(extra.map(name => [name, slot(EXTRA_PREFIX + name)]))
  const changes = { ...setting(c, CHANGING_FIELDS), ...own }
  const inserting = db.insertInto(table).values({ ...setting(c, FIELDS), ...own })
  // A row that has expired and was not swept yet stands in nobody's way.
  const insert = dialect === 'mysql'
    ? inserting
    : inserting.onConflict(conflict => conflict.column(c.id)
      .doUpdateSet(({ ref }) => Object.fromEntries(Object.keys(changes).map(name => [name, ref(`excluded.${name}`)])))
      .where(sql.ref(`${table}.${c.expiresAt}`), '<=', slot('now')))
  const updating = () => db.updateTable(table).set(changes)
  return {
    insert: statement(prepare, insert),
    replace: statement(prepare, live(updating(), c).where(c.version, '=', slot('expected'))),
    overwrite: statement(prepare, updating().where(c.id, '=', slot('id')).where(c.version, '<>', slot('version'))),
    takeOver: statement(prepare, updating().where(c.id, '=', slot('id')).where(c.expiresAt, '<=', slot('now')))
  }
}

function live (query: any, c: Columns): any {
  return query.where(c.id, '=', slot('id')).where(c.expiresAt, '>', slot('now'))
}

function setting (c: Columns, fields: typeof FIELDS): Record<string, unknown> {
  return Object.fromEntries(fields.map(field => [c[field], slot(field)]))
}

// The oldest first. The deadline is asked again where rows are deleted: one may have been renewed since it was found.
function sweeping (db: AnyKysely, dialect: Dialect, table: string, c: Columns): any {
  const deleting = db.deleteFrom(table)
  if (dialect === 'mysql') return deleting.where(c.expiresAt, '<=', slot('now')).orderBy(sql.ref(c.expiresAt)).limit(slot('limit'))
  const key = dialect === 'postgres' ? 'ctid' : c.id
  const found = db.selectFrom(table).select(key).where(c.expiresAt, '<=', slot('now')).orderBy(sql.ref(c.expiresAt)).limit(slot('limit'))
  const chosen = dialect === 'postgres'
    ? deleting.where(key, '=', sql`any(array(${found.forUpdate().skipLocked()}))`)
    : deleting.where(key, 'in', found)
  return chosen.where(c.expiresAt, '<=', slot('now'))
}
