import { optionsCheck, unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'

/** The columns of a session: the keys are this library's names, the values the names in the database. */
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
  policy: 'policy',
  meta: 'meta',
  label1: 'label_1',
  label2: 'label_2',
  label3: 'label_3',
  label4: 'label_4'
} as const

export type Field = keyof typeof DEFAULT_COLUMNS
export type Columns = Readonly<Record<Field, string>>

/**
 * The index of labels, which `meta` has too. A table of version 0.1.0 lacks these columns, and holds sessions without labels. As many
 * columns as a session may have labels, and no second table: one statement writes a session with all its keys.
 */
export const LABEL_FIELDS: readonly Field[] = ['label1', 'label2', 'label3', 'label4']
/** The columns which every table has. */
export const FIELDS = (Object.keys(DEFAULT_COLUMNS) as Field[]).filter(field => !LABEL_FIELDS.includes(field))
/** The columns with integers: versions, and instants in milliseconds. The rest of the columns hold text. */
export const NUMBER_FIELDS: readonly Field[] = ['version', 'schemaVersion', 'createdAt', 'lastAccessedAt', 'expiresAt']

/** PostgreSQL cuts longer names silently, and counts bytes. */
const MAX_NAME_BYTES = 63
/**
 * Kysely reads `a.b` as schema and table, and `a as b` as an alias. Rows are read by position, and JavaScript moves keys which are
 * numbers to the front of an object.
 */
const MISREAD_NAME = /^\d+$|[.\p{Cc}]| as /iu
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
  /** Names of columns which differ from the defaults, such as `{ id: 'sid' }`: this library's name to yours. */
  columns?: Partial<Record<Field, string>>
  /** The schema of the table (MySQL: database; SQLite: attached database). @default the schema where the connection finds the table */
  schema?: string
}

const checkFields = optionsCheck({
  description: 'an object of names',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries([...FIELDS, ...LABEL_FIELDS].map(field => [field, {}]))
})

/** @throws InvalidOptionsError */
export function placeOf ({ table = 'sessions', columns, schema }: PlaceOptions, path: string): Place {
  assertName(`${path}.table`, table)
  if (schema !== undefined) assertName(`${path}.schema`, schema)
  return { table, schema, columns: columnsOf(columns, `${path}.columns`) }
}

function columnsOf (given: PlaceOptions['columns'] = {}, path: string): Columns {
  checkFields(given, path)
  for (const [field, name] of Object.entries(given)) assertName(`${path}.${field}`, name)
  const columns: Columns = { ...DEFAULT_COLUMNS, ...given }
  assertDistinct(columns, path)
  return columns
}

/** Without regard to case: SQLite and MySQL take `ID` and `id` for the same column. */
function assertDistinct (columns: Columns, path: string): void {
  const seen = new Map<string, string>()
  for (const [field, name] of Object.entries(columns)) {
    const first = seen.get(name.toLowerCase())
    if (first !== undefined) {
      const names = `${JSON.stringify(name)} for \`${first}\` and \`${field}\``
      throw new InvalidOptionsError(`Expected \`${path}\` to name each column once, got ${names}`)
    }
    seen.set(name.toLowerCase(), field)
  }
}

/**
 * Checks a name of a table, a schema or a column.
 *
 * @throws InvalidOptionsError
 */
export function assertName (path: string, name: unknown): asserts name is string {
  if (!isName(name)) throw unexpected(path, EXPECTED_NAME, name)
}

function isName (name: unknown): boolean {
  if (typeof name !== 'string' || name === '') return false
  return Buffer.byteLength(name) <= MAX_NAME_BYTES && !MISREAD_NAME.test(name)
}
