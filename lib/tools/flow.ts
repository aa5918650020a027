import type { Awaitable } from '../../types/index.d.ts'

/**
 * Steps that run at once as long as nothing has to be waited for.
 *
 * Backends may answer without a promise. Written as an async function, every step would cost a turn of the event loop
 * all the same; written as a generator, it costs one only where there is a promise. And unlike an async function, a
 * generator can be stopped: after a timeout no later step runs, while its `finally` blocks do.
 */
export type Flow<T> = Generator<PromiseLike<unknown>, T, unknown>

export function isPromise<T> (value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function'
}

/** Inside a flow: the value, waited for if need be. */
export function * wait<T> (value: Awaitable<T>): Flow<T> {
  return isPromise(value) ? (yield value) as T : value
}

/**
 * Runs a flow. The answer is a promise only if some step had to wait.
 *
 * @param limitMs the longest time to wait, in milliseconds; `Infinity` for as long as it takes
 * @param onTimeout makes the error to reject with when that has passed
 */
export function run<T> (flow: Flow<T>, limitMs: number, onTimeout: () => Error): Awaitable<T> {
  const first = flow.next()
  if (first.done) return first.value
  // No async function: each wait would cost three promises more.
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
