import type { SessionRecord } from '../../types/index.d.ts'
import { BackendContractError } from '../errors.ts'
import { ignoreNewer } from './conventions.ts'
import type { Entry, Layout } from './express-layout.ts'

/**
 * The session in an answer of `get`; `null` for none.
 *
 * @throws BackendContractError for an answer which is no session: the store is none for express-session
 */
export function sessionIn (answer: unknown): object | null {
  if (!answer) return null
  if (typeof answer === 'object' && !Array.isArray(answer)) return answer
  const given = Array.isArray(answer) ? 'an array' : `a ${typeof answer}`
  throw new BackendContractError(`The store answered \`get\` with ${given} and not with a session: it is no store for express-session`)
}

/** The record of a session in a listing; `null` for none, and for a session which a newer version of this library stored. */
export function readableRecord (layout: Layout, { id, session }: Entry): SessionRecord | null {
  try {
    return layout.toRecord(id, session)
  } catch (error) {
    ignoreNewer(error)
    return null
  }
}
