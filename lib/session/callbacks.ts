import type { Awaitable, Callback } from '../../types/index.d.ts'
import { BackendUnavailableError } from '../errors.ts'

/** Answers with a promise, or through a callback and with nothing. */
export function answer<T> (operation: () => Awaitable<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  const promise = (async () => await operation())()
  if (typeof callback !== 'function') return quietWhenUnavailable(promise)
  // Called outside the promise, so that an error of the callback is an ordinary exception.
  promise.then(value => process.nextTick(callback, null, value), error => process.nextTick(callback, error))
  return undefined
}

// The answer of the request reports a failure of the backend, so a caller who does not wait must not end the process.
// Any different rejection without a handler is a bug of the application, and stays as loud as Node makes rejections.
function quietWhenUnavailable<T> (promise: Promise<T>): Promise<T> {
  const result = promise.catch(error => {
    if (error instanceof BackendUnavailableError) result.catch(() => {})
    throw error
  })
  return result
}
