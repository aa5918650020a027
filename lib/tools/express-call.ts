import { hasMethods } from './check-options.ts'
import { isPromise } from './flow.ts'

/** The callback of a store for express-session. */
export type Done = (error?: unknown, result?: unknown) => void

/** The part of a store for express-session which is used here. Each method answers by a callback or a promise. */
export interface ExpressStore {
  get (id: string, callback: Done): unknown
  set (id: string, session: any, callback?: Done): unknown
  destroy (id: string, callback?: Done): unknown
  all? (callback: Done): unknown
  length? (callback: Done): unknown
  clear? (callback?: Done): unknown
}

const METHODS = ['get', 'set', 'destroy'] as const

export function isExpressStore (store: unknown): boolean { return hasMethods(store, METHODS) }

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
