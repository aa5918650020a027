import { createHash } from 'node:crypto'
import { type Compilable, type RawBuilder, sql } from 'kysely'
import { optionsCheck } from '../../tools/check-options.ts'
import { type AnyKysely, assertKysely, type Dialect, dialectOf } from './dialect.ts'
import { type Extra, type OwnColumns, ownColumnsOf } from './extra.ts'
import { type Field, FIELDS, LABEL_FIELDS, NUMBER_FIELDS, type Place, type PlaceOptions, placeOf } from './names.ts'
import { hasCode } from './statement.ts'

export interface SessionTableOptions extends PlaceOptions {
  /**
   * Columns of the application's own with their types, such as `{ tenant: 'varchar(64)', seen: 'timestamp' }`. They may be null. The
   * function that fills them, the option `extra` of the backend, makes no columns.
   *
   * @default no columns
   */
  extra?: OwnColumns | Extra
  /** Leaves an existing table, and each existing index, as it is. With `false`, an existing table is an error. @default true */
  ifNotExists?: boolean
}

/** A `Migration` for Kysely, declared here because Kysely exports its own type from different modules in 0.28 and 0.29. */
export interface SessionMigration {
  up (db: AnyKysely): Promise<void>
  down (db: AnyKysely): Promise<void>
}

const checkIfNotExists = optionsCheck({ description: 'true or false', type: 'boolean' })
const MAX_INDEX_BYTES = 63
const HASH_CHARS = 8
/** MySQL: the index exists. PostgreSQL: two nodes created the same table or index at the same time. */
const DUPLICATES = new Set<unknown>([1061, '42P07', '42710', '23505'])

type Type = RawBuilder<unknown>
const bigint = sql`bigint`
const ascii = (length: number) => sql`${sql.raw(`varchar(${length})`)} character set ascii collate ascii_bin`
// Compared by bytes: with a collation for people, two users whose names differ in case or accents would be one subject.
const exact = (type: string) => sql`${sql.raw(type)} character set utf8mb4 collate utf8mb4_bin`

const TYPES: Readonly<Record<Dialect, Partial<Record<Field, Type>> & { text: Type, number: Type }>> = {
  postgres: { text: sql`text`, number: bigint, id: sql`text collate "C"` },
  sqlite: { text: sql`text`, number: sql`integer` },
  mysql: {
    text: exact('text'),
    number: bigint,
    id: ascii(64),
    property: ascii(64),
    subject: exact('varchar(255)'),
    data: exact('longtext'),
    ...Object.fromEntries(LABEL_FIELDS.map(field => [field, exact('varchar(255)')]))
  }
}

/**
 * PostgreSQL writes a changed row into the same page if there is room, and then leaves the indexes as they are, unless an indexed
 * column has changed (a "HOT" update).
 */
const ROOM = sql`with (fillfactor = 80)`

const NULLABLE: readonly Field[] = ['subject', 'policy', 'meta', ...LABEL_FIELDS]
/** Numbers before texts, for smaller rows: PostgreSQL pads a text to a multiple of eight bytes when a number follows. */
const ORDER: readonly Field[] = [...NUMBER_FIELDS, ...FIELDS.filter(field => !NUMBER_FIELDS.includes(field)), ...LABEL_FIELDS]

/**
 * Creates the table of `DatabaseBackend` and its indexes. A second call changes nothing, and an existing table is never
 * altered. Takes the options of the backend, and ignores those which do not name the table or its columns.
 *
 *     await createSessionTable(db, { table: 'web_sessions', extra: { tenant: 'varchar(64)' } })
 *
 * @throws InvalidOptionsError
 */
export async function createSessionTable (db: AnyKysely, options: SessionTableOptions = {}): Promise<void> {
  assertKysely(db, 'createSessionTable')
  const { ifNotExists = true, extra } = options
  checkIfNotExists(ifNotExists, 'createSessionTable.ifNotExists')
  const place = placeOf(options, 'createSessionTable')
  const own = ownColumnsOf(extra, place.columns, 'createSessionTable.extra')
  for (const query of tableQueries(db, dialectOf(db), place, ifNotExists, own)) {
    await createOnce(() => db.executeQuery(query), ifNotExists)
  }
}

/**
 * A Kysely migration which creates the table and its indexes, and drops the table.
 *
 *     export const { up, down } = sessionMigration({ table: 'web_sessions' })
 *
 * @throws InvalidOptionsError
 */
export function sessionMigration (options: Omit<SessionTableOptions, 'ifNotExists'> = {}): SessionMigration {
  const { table, schema, columns } = placeOf(options, 'sessionMigration')
  ownColumnsOf(options.extra, columns, 'sessionMigration.extra')
  return {
    up: async db => { await createSessionTable(db, options) },
    down: async db => { await within(db, schema).schema.dropTable(table).ifExists().execute() }
  }
}

/** `sessionMigration()` with the default names. */
export const migration: SessionMigration = sessionMigration()

/** The statements which create the table, as text for an administrator. */
export function tableSql (db: AnyKysely, dialect: Dialect, place: Place): string {
  return textOf(tableQueries(db, dialect, place, false, []))
}

/** The statements which add the columns for labels to a table without them. */
export function labelSql (db: AnyKysely, dialect: Dialect, place: Place): string {
  const adding = LABEL_FIELDS.map(field =>
    within(db, place.schema).schema.alterTable(place.table).addColumn(place.columns[field], typeOf(dialect, field) as never))
  return textOf([...adding, ...LABEL_INDEXES.map(index => indexQuery(db, dialect, place, index, false))])
}

/** The name of a table in a message. */
export function nameOf ({ schema, table }: Place): string {
  return [schema, table].filter(part => part !== undefined).map(part => JSON.stringify(part)).join('.')
}

function textOf (queries: readonly Compilable[]): string { return queries.map(query => `${query.compile().sql};`).join('\n') }

/** The Kysely instance for the tables of a schema. */
export function within (db: AnyKysely, schema: string | undefined): AnyKysely {
  return schema === undefined ? db : db.withSchema(schema)
}

function typeOf (dialect: Dialect, field: Field): Type {
  const types = TYPES[dialect]
  return types[field] ?? (NUMBER_FIELDS.includes(field) ? types.number : types.text)
}

function tableQueries (
  db: AnyKysely, dialect: Dialect, place: Place, ifNotExists: boolean, own: ReturnType<typeof ownColumnsOf>
): Compilable[] {
  const { table, schema, columns } = place
  let create = within(db, schema).schema.createTable(table)
  if (ifNotExists) create = create.ifNotExists()
  for (const field of ORDER) {
    create = create.addColumn(columns[field], typeOf(dialect, field) as never, column => {
      if (field === 'id') return column.primaryKey().notNull()
      return NULLABLE.includes(field) ? column : column.notNull()
    })
  }
  for (const [name, type] of own) create = create.addColumn(name, sql.raw(type) as never)
  if (dialect === 'postgres') create = create.modifyEnd(ROOM)
  return [create, ...[...INDEXES, ...LABEL_INDEXES].map(index => indexQuery(db, dialect, place, index, ifNotExists))]
}

interface Index {
  readonly purpose: string
  readonly fields: readonly Field[]
  /**
   * PostgreSQL and SQLite leave a row out of the index when this field is null, so that a session without a subject takes no
   * space in the index.
   */
  readonly unless?: Field
}

const INDEXES: readonly Index[] = [
  { purpose: 'expires_at', fields: ['expiresAt'] },
  { purpose: 'subject', fields: ['property', 'subject'], unless: 'subject' }
]

/** The label first: SQLite uses such an index for each of several alternatives. */
const LABEL_INDEXES: readonly Index[] = LABEL_FIELDS.map((field, n) =>
  ({ purpose: `label_${n + 1}`, fields: [field, 'property'], unless: field }))

function indexQuery (
  db: AnyKysely, dialect: Dialect, { table, schema, columns }: Place, { purpose, fields, unless }: Index, ifNotExists: boolean
): Compilable {
  const name = indexName(table, purpose)
  const list = fields.map(field => sql.ref(columns[field]))
  // In an attached database, SQLite expects the schema before the index's name; Kysely writes the schema before the table's.
  if (dialect === 'sqlite' && schema !== undefined) {
    const create = sql.raw(ifNotExists ? 'create index if not exists ' : 'create index ')
    const query = sql`${create}${sql.id(schema, name)} on ${sql.id(table)} (${sql.join(list)})`
    return { compile: () => query.compile(db) }
  }
  const create = list.reduce((query, column) => query.expression(column), within(db, schema).schema.createIndex(name).on(table))
  // MySQL has no WHERE for an index, and no IF NOT EXISTS: `createOnce` expects the error.
  if (dialect === 'mysql') return create
  const partial = unless === undefined ? create : create.where(sql.ref(columns[unless]), 'is not', null)
  return ifNotExists ? partial.ifNotExists() : partial
}

function indexName (table: string, purpose: string): string {
  const name = `${table}_${purpose}_index`
  if (Buffer.byteLength(name) <= MAX_INDEX_BYTES) return name
  return `sessions_${createHash('sha256').update(table).digest('hex').slice(0, HASH_CHARS)}_${purpose}_index`
}

async function createOnce (create: () => Promise<unknown>, ifNotExists: boolean): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!ifNotExists || !hasCode(error, DUPLICATES)) throw error
  }
}
