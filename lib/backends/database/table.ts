import { createHash } from 'node:crypto'
import { type Compilable, type RawBuilder, sql } from 'kysely'
import { optionsCheck } from '../../tools/check-options.ts'
import { type AnyKysely, assertKysely, type Dialect, dialectOf } from './dialect.ts'
import { type Field, FIELDS, type Place, type PlaceOptions, placeOf } from './names.ts'
import { hasCode } from './statement.ts'

export interface SessionTableOptions extends PlaceOptions {
  /** Leaves a table, and each index, that exists as it is. @default true */
  ifNotExists?: boolean
}

/** A `Migration` of Kysely, whose own type is in other places in 0.28 and 0.29. */
export interface SessionMigration {
  up (db: AnyKysely): Promise<void>
  down (db: AnyKysely): Promise<void>
}

const checkIfNotExists = optionsCheck({ description: 'true or false', type: 'boolean' })
const MAX_INDEX_BYTES = 63
const HASH_CHARS = 8
/** MySQL: the index exists. PostgreSQL: two nodes created the same thing at the same time. */
const DUPLICATES = new Set<unknown>([1061, '42P07', '42710', '23505'])

type Type = RawBuilder<unknown>
const bigint = sql`bigint`
const ascii = (length: number) => sql`${sql.raw(`varchar(${length})`)} character set ascii collate ascii_bin`
// Equal is what has the same bytes: no two users become one for the sake of case or accents.
const exact = (type: string) => sql`${sql.raw(type)} character set utf8mb4 collate utf8mb4_bin`

const TYPES: Readonly<Record<Dialect, Partial<Record<Field, Type>> & { text: Type, number: Type }>> = {
  postgres: { text: sql`text`, number: bigint, id: sql`text collate "C"` },
  sqlite: { text: sql`text`, number: sql`integer` },
  mysql: { text: exact('text'), number: bigint, id: ascii(64), property: ascii(64), subject: exact('varchar(255)'), data: exact('longtext') }
}

const NUMBERS: readonly Field[] = ['version', 'schemaVersion', 'createdAt', 'lastAccessedAt', 'expiresAt']
const NULLABLE: readonly Field[] = ['subject', 'policy']
// Numbers in front need no padding in PostgreSQL.
const ORDER: readonly Field[] = [...NUMBERS, ...FIELDS.filter(field => !NUMBERS.includes(field))]

/**
 * Creates the table of `DatabaseBackend` and its two indexes. Run again, it changes nothing. Hand it the options the
 * backend has; other options of the backend are ignored. It never alters a table that is there.
 *
 * @throws InvalidOptionsError
 */
export async function createSessionTable (db: AnyKysely, options: SessionTableOptions = {}): Promise<void> {
  assertKysely(db, 'createSessionTable')
  const { ifNotExists = true } = options
  checkIfNotExists(ifNotExists, 'createSessionTable.ifNotExists')
  for (const query of tableQueries(db, dialectOf(db), placeOf(options, 'createSessionTable'), ifNotExists)) {
    await createOnce(() => db.executeQuery(query), ifNotExists)
  }
}

/**
 * A Kysely migration that creates the table and the indexes, and drops them.
 *
 * @throws InvalidOptionsError
 */
export function sessionMigration (options: PlaceOptions = {}): SessionMigration {
  const { table, schema } = placeOf(options, 'sessionMigration')
  return {
    up: async db => { await createSessionTable(db, options) },
    down: async db => { await within(db, schema).schema.dropTable(table).ifExists().execute() }
  }
}

/** `sessionMigration()` with the default names. */
export const migration: SessionMigration = sessionMigration()

/** What creates the table, as text: for people who run it themselves. */
export function tableSql (db: AnyKysely, dialect: Dialect, place: Place): string {
  return tableQueries(db, dialect, place, false).map(query => `${query.compile().sql};`).join('\n')
}

/** The Kysely instance for tables of a schema. */
export function within (db: AnyKysely, schema: string | undefined): AnyKysely {
  return schema === undefined ? db : db.withSchema(schema)
}

function tableQueries (db: AnyKysely, dialect: Dialect, place: Place, ifNotExists: boolean): Compilable[] {
  const { table, schema, columns } = place
  const types = TYPES[dialect]
  let create = within(db, schema).schema.createTable(table)
  if (ifNotExists) create = create.ifNotExists()
  for (const field of ORDER) {
    const type = types[field] ?? (NUMBERS.includes(field) ? types.number : types.text)
    create = create.addColumn(columns[field], type as never, column => {
      if (field === 'id') return column.primaryKey().notNull()
      return NULLABLE.includes(field) ? column : column.notNull()
    })
  }
  return [
    create,
    indexQuery(db, dialect, place, { purpose: 'expires_at', fields: ['expiresAt'] }, ifNotExists),
    indexQuery(db, dialect, place, { purpose: 'subject', fields: ['property', 'subject'], unless: 'subject' }, ifNotExists)
  ]
}

interface Index {
  readonly purpose: string
  readonly fields: readonly Field[]
  /** Rows where it is null are left out, where the dialect can: sessions without a subject cost nothing then. */
  readonly unless?: Field
}

function indexQuery (db: AnyKysely, dialect: Dialect, { table, schema, columns }: Place, { purpose, fields, unless }: Index, ifNotExists: boolean): Compilable {
  const name = indexName(table, purpose)
  const list = fields.map(field => sql.ref(columns[field]))
  // In an attached database SQLite wants the schema before the index's name; Kysely writes it before the table's.
  if (dialect === 'sqlite' && schema !== undefined) {
    const query = sql`create index ${sql.raw(ifNotExists ? 'if not exists ' : '')}${sql.id(schema, name)} on ${sql.id(table)} (${sql.join(list)})`
    return { compile: () => query.compile(db) }
  }
  const create = list.reduce((query, column) => query.expression(column), within(db, schema).schema.createIndex(name).on(table))
  // MySQL has no IF NOT EXISTS for indexes (the error that says so is expected), and no WHERE.
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
