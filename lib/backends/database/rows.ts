import type { SessionRecord } from '../../../types/index.d.ts'
import { freezeRecord, isRecord } from '../../record/record.ts'
import { READ_FIELDS } from './statements.ts'
import type { Values } from './statement.ts'

const NUMBERS = new Set(['version', 'schemaVersion', 'createdAt', 'lastAccessedAt', 'expiresAt'])

/** The record of a row, or `null` where the row is none: somebody else may have written it. */
export function recordOfRow (row: Values): SessionRecord | null {
  // By position, since the application's plugins and columns may name things otherwise.
  const values = Object.values(row)
  const record = Object.fromEntries(READ_FIELDS.map((field, index) => [field, valueOf(field, values[index])]))
  return isRecord(record) ? freezeRecord(record) : null
}

/** What goes into the slots. */
export function valuesOf (record: SessionRecord): Record<string, unknown> {
  return { ...record, policy: record.policy === null ? null : JSON.stringify(record.policy) }
}

function valueOf (field: string, value: unknown): unknown {
  // Drivers give a BIGINT as text, number or bigint.
  if (NUMBERS.has(field)) return Number(value)
  if (field === 'policy' && typeof value === 'string') return parse(value)
  return value
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
