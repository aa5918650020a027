import type { Awaitable } from '../../types/index.d.ts'
import type { Deadlines, Waiting } from './deadlines.ts'

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
 * @param deadlines the longest time for all waits together, and the error for the rejection after that time
 */
export function run<T> (flow: Flow<T>, deadlines: Deadlines): Awaitable<T> {
  const first = flow.next()
  return first.done ? first.value : new Running(flow, first.value, deadlines).promise
}

/** A flow that waits. The promise is made by hand: an async function would make further promises for each wait. */
class Running<T> implements Waiting {
  readonly due: number
  readonly promise: Promise<T>
  readonly #flow: Flow<T>
  readonly #deadlines: Deadlines
  #resolve!: (result: T) => void
  #reject!: (error: unknown) => void

  constructor (flow: Flow<T>, pending: PromiseLike<unknown>, deadlines: Deadlines) {
    this.#flow = flow
    this.#deadlines = deadlines
    this.due = deadlines.next
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    deadlines.add(this)
    pending.then(this.#onResult, this.#onError)
  }

  expire (): void {
    this.#reject(this.#deadlines.errorOf())
    this.#flow.return(undefined as T)
  }

  readonly #onResult = (result: unknown): void => {
    try {
      this.#go(this.#flow.next(result))
    } catch (error) {
      this.#end()
      this.#reject(error)
    }
  }

  readonly #onError = (failure: unknown): void => {
    try {
      this.#go(this.#flow.throw(failure))
    } catch (error) {
      this.#end()
      this.#reject(error)
    }
  }

  #go (step: IteratorResult<PromiseLike<unknown>, T>): void {
    if (!step.done) {
      step.value.then(this.#onResult, this.#onError)
      return
    }
    this.#end()
    this.#resolve(step.value)
  }

  #end (): void { this.#deadlines.delete(this) }
}
