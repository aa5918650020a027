import type { Awaitable } from '../types/index.d.ts'

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
  const step = flow.next()
  if (step.done) return step.value
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      reject(onTimeout())
      flow.return(undefined as T)
    }
    const timer = limitMs === Infinity ? undefined : setTimeout(stop, limitMs)
    drive(flow, step.value).then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}

async function drive<T> (flow: Flow<T>, pending: PromiseLike<unknown>): Promise<T> {
  for (;;) {
    const step = await pending.then(
      value => flow.next(value),
      error => flow.throw(error)
    )
    if (step.done) return step.value
    pending = step.value
  }
}
