import type { SessionRecord } from '../../types/index.d.ts'
import { BackendContractError } from '../errors.ts'
import { isId } from '../record/ids.ts'
import { decodeRecord } from '../record/record-text.ts'
import { ignoreNewer } from './conventions.ts'

/**
 * The record in an answer of `get`; `null` for none, and for a session which express-session stored.
 *
 * @throws BackendContractError for an answer which is no session: the store is none for express-session
 */
export function recordIn (id: string, answer: unknown): SessionRecord | null {
  if (!answer) return null
  if (typeof answer !== 'object' || Array.isArray(answer)) {
    const given = Array.isArray(answer) ? 'an array' : `a ${typeof answer}`
    throw new BackendContractError(`The store answered \`get\` with ${given} and not with a session: it is no store for express-session`)
  }
  const { fastsessions } = answer as { fastsessions?: unknown }
  return typeof fastsessions === 'string' ? decodeRecord(id, fastsessions) : null
}

/** What is kept with a session, so that an answer of `all` tells the registration and the id of each. */
export function storedBy (property: string, id: string): string { return `${property} ${id}` }

/** A session in an answer of `all`. */
interface Entry {
  readonly id: string
  readonly session: unknown
}

/** The sessions of a registration in an answer of `all`: a list, or an object with the keys of the store. */
export function entriesIn (answer: unknown, property: string): Entry[] {
  return Object.values((answer ?? {}) as object).flatMap(session => {
    const of: unknown = session?.fastsessionsOf
    const id = typeof of === 'string' && of.startsWith(`${property} `) ? of.slice(property.length + 1) : ''
    return isId(id) ? [{ id, session }] : []
  })
}

/** The record of a session; `null` for none, and for a session which a newer version of this library stored. */
export function readableRecord ({ id, session }: Entry): SessionRecord | null {
  try {
    return recordIn(id, session)
  } catch (error) {
    ignoreNewer(error)
    return null
  }
}
