import type { Awaitable, Callback } from '../../types/index.d.ts'
import { BackendUnavailableError, SessionConflictError, SessionDestroyedError } from '../errors.ts'

/**
 * Answers with a promise, or through a callback and with nothing.
 *
 * @param onLost called when nobody waits for the promise, and the operation has lost a race: another request ended the
 * session, or changed the same data
 */
export function answer<T> (
  operation: () => Awaitable<T>, callback: Callback<T> | undefined, onLost: (error: Error) => void
): Promise<T> | undefined {
  const promise = (async () => await operation())()
  if (typeof callback !== 'function') return watched(promise, onLost)
  // Called outside the promise, so that an error of the callback is an ordinary exception.
  promise.then(value => process.nextTick(callback, null, value), error => process.nextTick(callback, error))
  return undefined
}

/** The arguments of a method that takes a callback as its last one. */
export function splitCallback (args: readonly unknown[]): { values: readonly unknown[], callback: Callback | undefined } {
  const at = args.findIndex(arg => typeof arg === 'function')
  return at === -1 ? { values: args, callback: undefined } : { values: args.slice(0, at), callback: args[at] as Callback }
}

/** A promise which knows whether somebody waits for it. `await` asks a subclass of Promise for its `then`. */
class Watched<T> extends Promise<T> {
  isAwaited = false

  static override get [Symbol.species] (): PromiseConstructor { return Promise }

  override then<A = T, B = never> (
    onResolve?: ((value: T) => A | PromiseLike<A>) | null, onReject?: ((reason: any) => B | PromiseLike<B>) | null
  ): Promise<A | B> {
    this.isAwaited = true
    return super.then(onResolve, onReject)
  }

  /** A rejection of this promise does not end the process, whether or not somebody waits. */
  quieten (): void { super.then(undefined, () => {}) }
}

// Where nobody waits, a client would choose the moment at which the process ends: it sends a logout beside a slow request.
// The answer of the request reports a failure of the backend, and a warning an operation that lost a race. Any different
// rejection without a handler is a bug of the application, and stays as loud as Node makes rejections.
function watched<T> (promise: Promise<T>, onLost: (error: Error) => void): Promise<T> {
  const result = new Watched<T>((resolve, reject) => {
    promise.then(resolve, (error: unknown) => {
      const hasLost = error instanceof SessionDestroyedError || error instanceof SessionConflictError
      // Whoever waits has said so by then: `await` takes a turn of the microtasks.
      if (hasLost) process.nextTick(() => { if (!result.isAwaited) onLost(error) })
      if (hasLost || error instanceof BackendUnavailableError) result.quieten()
      reject(error)
    })
  })
  return result
}
