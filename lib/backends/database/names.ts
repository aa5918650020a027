import leven from 'leven'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'

/** Our names of the columns; the values are the names in the database. */
export const DEFAULT_COLUMNS = {
  id: 'id',
  property: 'property',
  version: 'version',
  data: 'data',
  schemaVersion: 'schema_version',
  createdAt: 'created_at',
  lastAccessedAt: 'last_accessed_at',
  expiresAt: 'expires_at',
  subject: 'subject',
  policy: 'policy'
} as const

export type Field = keyof typeof DEFAULT_COLUMNS
export type Columns = Readonly<Record<Field, string>>

export const FIELDS = Object.keys(DEFAULT_COLUMNS) as Field[]

/** PostgreSQL cuts longer names, silently; it counts bytes. */
const MAX_NAME_BYTES = 63
const EXPECTED_NAME = 'a name of 1 to 63 bytes without dots, control characters or \' as \', and not a number'

/** Where sessions are stored. */
export interface Place {
  readonly table: string
  readonly schema: string | undefined
  readonly columns: Columns
}

export interface PlaceOptions {
  /** @default 'sessions' */
  table?: string
  /** Names of columns, where they are not the default ones: ours to yours. */
  columns?: Partial<Record<Field, string>>
  /** The schema of the table (MySQL: database; SQLite: attached database). @default what the connection finds first */
  schema?: string
}

/** @throws InvalidOptionsError */
export function placeOf ({ table = 'sessions', columns, schema }: PlaceOptions, path: string): Place {
  assertName(`${path}.table`, table)
  if (schema !== undefined) assertName(`${path}.schema`, schema)
  return { table, schema, columns: columnsOf(columns, `${path}.columns`) }
}

function columnsOf (given: unknown = {}, path: string): Columns {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw unexpected(path, 'an object of names', given)
  for (const [field, name] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_COLUMNS, field)) throw unknownField(path, field)
    assertName(`${path}.${field}`, name)
  }
  const columns: Columns = { ...DEFAULT_COLUMNS, ...given }
  const seen = new Map<string, string>()
  for (const [field, name] of Object.entries(columns)) {
    const other = seen.get(name.toLowerCase())
    if (other !== undefined) throw new InvalidOptionsError(`Expected \`${path}\` to name each column once, got ${JSON.stringify(name)} for \`${other}\` and \`${field}\``)
    seen.set(name.toLowerCase(), field)
  }
  return columns
}

/**
 * Dots and ' as ' mean something to Kysely; rows are read by position, and JavaScript puts keys that are numbers first.
 *
 * @throws InvalidOptionsError
 */
export function assertName (path: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES || /^\d+$|[.\p{Cc}]| as /iu.test(name)) {
    throw unexpected(path, EXPECTED_NAME, name)
  }
}

function unknownField (path: string, field: string): InvalidOptionsError {
  const distance = (known: string) => leven(known.toLowerCase(), field.toLowerCase())
  const nearest = FIELDS.reduce((best, known) => distance(known) < distance(best) ? known : best)
  return new InvalidOptionsError(`Unknown option \`${path}.${field}\`; the nearest known one is \`${path}.${nearest}\``)
}
