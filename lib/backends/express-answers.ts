import type { SessionRecord } from '../../types/index.d.ts'
import { BackendContractError } from '../errors.ts'
import { isPromise } from '../tools/flow.ts'
import { ignoreNewer } from './conventions.ts'
import type { Entry, Layout } from './express-layout.ts'

export type Done = (error?: unknown, result?: unknown) => void

/**
 * Calls a store for express-session. Stores answer by a callback, by a promise or by both: the first answer counts.
 *
 * @param absent the code of an error which says that there is no such session, as file stores do
 */
export async function call (send: (done: Done) => unknown, absent?: string): Promise<unknown> {
  try {
    return await answerOf(send)
  } catch (error) {
    if (absent !== undefined && (error as { code?: unknown } | null)?.code === absent) return undefined
    throw error
  }
}

function answerOf (send: (done: Done) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answer = send((error, result) => {
      if (error === null || error === undefined) resolve(result)
      else reject(error)
    })
    if (isPromise(answer)) answer.then(resolve, reject)
  })
}

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
