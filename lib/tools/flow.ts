import type { Awaitable } from '../../types/index.d.ts'

/**
 * A series of steps that runs without a pause as long as no step has to wait. Each promise to wait for is yielded.
 *
 * Backends may answer without a promise. In an async function every `await` costs a turn of the event loop all the same; in
 * a generator only a promise does. And a generator can be stopped: after a timeout no later step runs, but `finally` blocks
 * do.
 *
 * @example
 * function * versionOf (id: string): Flow<number> {
 *   const record = yield * wait(backend.read(id))
 *   return record.version
 * }
 */
export type Flow<T> = Generator<PromiseLike<unknown>, T, unknown>

export function isPromise<T> (value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function'
}

/** Used inside a flow: the value, after a wait if the value is a promise. */
export function * wait<T> (value: Awaitable<T>): Flow<T> {
  return isPromise(value) ? (yield value) as T : value
}

/**
 * Runs a flow. The result is a promise only if a step had to wait. Errors of steps are thrown, or reject the promise.
 *
 * @param limitMs the longest time for all waits together, in milliseconds; `Infinity` for no limit
 * @param onTimeout makes the error for the rejection after that time
 */
export function run<T> (flow: Flow<T>, limitMs: number, onTimeout: () => Error): Awaitable<T> {
  const first = flow.next()
  if (first.done) return first.value
  // A promise made by hand: an async function would make three promises more for each wait.
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      reject(onTimeout())
      flow.return(undefined as T)
    }
    const timer = limitMs === Infinity ? undefined : setTimeout(stop, limitMs)
    const resume = (proceed: () => IteratorResult<PromiseLike<unknown>, T>): void => {
      try {
        const step = proceed()
        if (!step.done) return wake(step.value)
        resolve(step.value)
      } catch (error) {
        reject(error)
      }
      clearTimeout(timer)
    }
    const wake = (pending: PromiseLike<unknown>): void => {
      pending.then(value => { resume(() => flow.next(value)) }, error => { resume(() => flow.throw(error)) })
    }
    wake(first.value)
  })
}
