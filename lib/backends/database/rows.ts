import type { SessionRecord } from '../../../types/index.d.ts'
import { freezeRecord, isRecord } from '../../record/record.ts'
import { type Field, NUMBER_FIELDS } from './names.ts'
import { READ_FIELDS } from './statements.ts'
import type { Values } from './statement.ts'

/** The record of a row; `null` for a row which is no record, since other programs may write to the table. */
export function recordOfRow (row: Values): SessionRecord | null {
  // By position: the application may have renamed the columns.
  const values = Object.values(row)
  const record = Object.fromEntries(READ_FIELDS.map((field, index) => [field, valueOf(field, values[index])]))
  return isRecord(record) ? freezeRecord(record) : null
}

/** The values of a record for the slots of a statement. */
export function valuesOf (record: SessionRecord): Record<string, unknown> {
  const { policy, meta } = record
  return { ...record, policy: textOf(policy), meta: textOf(meta) }
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
