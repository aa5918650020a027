import type { FastifyRequest } from 'fastify'
import type { SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { assertName, type Columns } from './names.ts'
import { EXTRA_PREFIX } from './statements.ts'

/** What `extra` is told about the session that is written. */
export interface ExtraInput {
  readonly id: string
  readonly data: Readonly<Record<string, unknown>>
  readonly subject: string | null
  /** Missing where a session is written outside a request. */
  readonly request?: FastifyRequest
}

export type ExtraValue = string | number | bigint | boolean | null | Date | Uint8Array

/** Values for columns that the application added, by their names in the database. */
export type Extra = (input: ExtraInput) => Readonly<Record<string, ExtraValue>>

export interface ExtraValues {
  readonly names: readonly string[]
  /** For the slots of a statement. */
  readonly values: Readonly<Record<string, unknown>>
}

const NONE: ExtraValues = { names: [], values: {} }
const NO_DATA = Object.freeze({})
const EXPECTED = 'an object of names and values, at once'
const EXPECTED_VALUE = 'a string, a number, a bigint, a boolean, null, a Date or bytes'

/** @throws InvalidOptionsError when `extra` answers what cannot be stored */
export function extraValues (extra: Extra | undefined, columns: Columns, { id, subject }: SessionRecord, context: WriteContext | undefined): ExtraValues {
  if (extra === undefined) return NONE
  const { data = NO_DATA, request } = context ?? {}
  const given: unknown = extra({ id, subject, data, ...(request !== undefined && { request }) })
  if (typeof given !== 'object' || given === null || Array.isArray(given) || 'then' in given) throw unexpected('extra()', EXPECTED, given)
  const names = Object.keys(given).sort()
  const values: Record<string, unknown> = {}
  for (const name of names) {
    assertName('a name of extra()', name)
    assertFree(columns, name)
    const value = (given as Record<string, unknown>)[name]
    if (!isStorable(value)) throw unexpected(`extra().${name}`, EXPECTED_VALUE, value)
    values[EXTRA_PREFIX + name] = value
  }
  return { names, values }
}

function assertFree (columns: Columns, name: string): void {
  const taken = Object.entries(columns).find(([, column]) => column.toLowerCase() === name.toLowerCase())
  if (taken === undefined) return
  throw new InvalidOptionsError(`\`extra()\` must not name the column ${JSON.stringify(name)}: it holds \`${taken[0]}\` of the session`)
}

function isStorable (value: unknown): boolean {
  if (value === null || value instanceof Date || value instanceof Uint8Array) return true
  return typeof value === 'number' ? Number.isFinite(value) : ['string', 'bigint', 'boolean'].includes(typeof value)
}
