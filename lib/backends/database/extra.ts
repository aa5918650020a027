import type { FastifyRequest } from 'fastify'
import type { SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { assertName, type Columns } from './names.ts'
import { EXTRA_PREFIX } from './statements.ts'

/** The session which is written, as `extra` receives the session. */
export interface ExtraInput {
  readonly id: string
  readonly data: Readonly<Record<string, unknown>>
  readonly subject: string | null
  /** Missing when a session is written outside a request. */
  readonly request?: FastifyRequest
}

export type ExtraValue = string | number | bigint | boolean | null | Date | Uint8Array

/** Answers the values for columns which the application added, by their names in the database. */
export type Extra = (input: ExtraInput) => Readonly<Record<string, ExtraValue>>

/** The application's own columns, by name, each with its type in the database. */
export type OwnColumns = Readonly<Record<string, string>>

export interface ExtraValues {
  /** The columns, sorted. */
  readonly names: readonly string[]
  /** The values, by the names of their slots. */
  readonly values: Readonly<Record<string, unknown>>
}

const NONE: ExtraValues = { names: [], values: {} }
const NO_DATA = Object.freeze({})
const EXPECTED = 'an object of names and values, at once'
const EXPECTED_VALUE = 'a string, a number, a bigint, a boolean, null, a Date or bytes'

/**
 * Calls the application's `extra` for a write, and checks the answer.
 *
 * @throws InvalidOptionsError when the answer cannot be stored, or is a promise
 */
export function extraValues (
  extra: Extra | undefined, columns: Columns, { id, subject }: SessionRecord, context: WriteContext | undefined
): ExtraValues {
  if (extra === undefined) return NONE
  const { data = NO_DATA, request } = context ?? {}
  const given: unknown = extra({ id, subject, data, ...(request !== undefined && { request }) })
  if (!isObject(given)) throw unexpected('extra()', EXPECTED, given)
  const names = Object.keys(given).sort()
  const values: Record<string, unknown> = {}
  for (const name of names) {
    assertName('a name of extra()', name)
    assertFree(columns, name, 'extra()')
    const value = given[name]
    if (!isStorable(value)) throw unexpected(`extra().${name}`, EXPECTED_VALUE, value)
    values[EXTRA_PREFIX + name] = value
  }
  return { names, values }
}

/** The parts of a column's type, such as `decimal(8, 2)` or `timestamp with time zone`: no second statement, and no quotes. */
const TYPE = /^[a-z][a-z0-9_ ]*(?:\([0-9, ]+\)[a-z0-9_ ]*)?(?:\[\])?$/i

/**
 * Checks the application's own columns for a table. A function makes none: it is the option of the backend.
 *
 * @throws InvalidOptionsError
 */
export function ownColumnsOf (extra: unknown, columns: Columns, path: string): Array<[name: string, type: string]> {
  if (extra === undefined || typeof extra === 'function') return []
  if (!isObject(extra)) throw unexpected(path, 'an object of columns and their types', extra)
  return Object.entries(extra).map(([name, type]) => {
    assertName(`a name of ${path}`, name)
    assertFree(columns, name, path)
    if (typeof type === 'string' && TYPE.test(type)) return [name, type]
    throw unexpected(`${path}.${name}`, 'a type of a column, such as \'varchar(64)\'', type)
  })
}

function isObject (value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const isPromise = 'then' in value
  return !isPromise
}

function assertFree (columns: Columns, name: string, path: string): void {
  const taken = Object.entries(columns).find(([, column]) => column.toLowerCase() === name.toLowerCase())
  if (taken === undefined) return
  throw new InvalidOptionsError(`\`${path}\` must not name the column ${JSON.stringify(name)}: it holds \`${taken[0]}\` of the session`)
}

function isStorable (value: unknown): boolean {
  if (value === null || value instanceof Date || value instanceof Uint8Array) return true
  return typeof value === 'number' ? Number.isFinite(value) : ['string', 'bigint', 'boolean'].includes(typeof value)
}
