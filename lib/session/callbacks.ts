import type { Awaitable, Callback } from '../../types/index.d.ts'
import { BackendUnavailableError } from '../errors.ts'

/** Answers with a promise, or through a callback and with nothing. */
export function answer<T> (operation: () => Awaitable<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  const promise = (async () => await operation())()
  if (typeof callback !== 'function') return quietWhenUnavailable(promise)
  // Outside the promise, so that what a callback throws is an ordinary exception.
  promise.then(value => process.nextTick(callback, null, value), error => process.nextTick(callback, error))
  return undefined
}

// The answer of the request reports that the backend failed, so a caller that does not wait must not end the process.
// Any other rejection that nobody handles is a bug, and stays as loud as Node makes it.
function quietWhenUnavailable<T> (promise: Promise<T>): Promise<T> {
  const result = promise.catch(error => {
    if (error instanceof BackendUnavailableError) result.catch(() => {})
    throw error
  })
  return result
}
