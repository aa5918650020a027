import type { ListedRecord, SessionRecord } from '../../../types/index.d.ts'
import { SessionSerializationError } from '../../errors.ts'
import { freezeRecord, isRecord } from '../../record/record.ts'
import { labelsOf } from '../index-keys.ts'
import { type Field, LABEL_FIELDS, NUMBER_FIELDS } from './names.ts'
import { READ_FIELDS } from './statements.ts'
import type { Values } from './statement.ts'

/** The limits of the columns which `createSessionTable` makes in MySQL, and of an index entry in PostgreSQL. In UTF-16 units. */
const MAX_KEY_CHARS = 255
/** A name which JavaScript moves to the front of an object. No column of this library's own may have one. */
const NUMBER = /^\d+$/

/** The record of a row; `null` for a row which is no record, since other programs may write to the table. */
export function recordOfRow (row: Values): SessionRecord | null {
  // By position: the application may have renamed the columns.
  const values = Object.values(row)
  const record = Object.fromEntries(READ_FIELDS.map((field, index) => [field, valueOf(field, values[index])]))
  return isRecord(record) ? freezeRecord(record) : null
}

/**
 * The record of a row with further columns.
 *
 * @param known how many columns of the row are this library's own: they come first, but for names which are numbers
 */
export function listedOfRow (row: Values, known: number): ListedRecord | null {
  const entries = Object.entries(row)
  const numbers = entries.filter(([name]) => NUMBER.test(name))
  const named = entries.filter(([name]) => !NUMBER.test(name))
  const record = recordOfRow(Object.fromEntries(named))
  const extra = Object.freeze(Object.fromEntries([...numbers, ...named.slice(known)]))
  return record === null ? null : Object.freeze({ ...record, extra })
}

/** The id in a row of a listing: its first column, but for names which are numbers. */
export function idOfRow (row: Values): string {
  return String(Object.entries(row).find(([name]) => !NUMBER.test(name))![1])
}

/** The values of a record for the slots of a statement. */
export function valuesOf (record: Omit<SessionRecord, 'id'>): Record<string, unknown> {
  const { policy, meta } = record
  const labels = labelsOf(record)
  const labelValues = Object.fromEntries(LABEL_FIELDS.map((field, n) => [field, labels[n] ?? null]))
  return { ...record, policy: textOf(policy), meta: textOf(meta), ...labelValues }
}

/** Whether the columns can hold the subject and the labels. @throws SessionSerializationError */
export function assertKeys (record: SessionRecord): void {
  const labels = labelsOf(record)
  if (record.subject !== null) assertKey('subject', record.subject)
  for (const label of labels) assertKey('labels', label)
  if (labels.length <= LABEL_FIELDS.length) return
  throw new SessionSerializationError('labels', `must be at most ${LABEL_FIELDS.length} in a database, and are ${labels.length}`)
}

function assertKey (path: string, { length }: string): void {
  if (length <= MAX_KEY_CHARS) return
  throw new SessionSerializationError(path, `must have at most ${MAX_KEY_CHARS} characters in a database, and has ${length}`)
}

function textOf (object: object | null): string | null { return object === null ? null : JSON.stringify(object) }

function valueOf (field: Field, value: unknown): unknown {
  // A BIGINT comes as text, number or bigint, depending on the driver.
  if (NUMBER_FIELDS.includes(field)) return Number(value)
  if ((field === 'policy' || field === 'meta') && typeof value === 'string') return parse(value)
  return value
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
