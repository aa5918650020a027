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

/**
 * The first call of a flow, made before there is a flow, since in the usual case nothing follows. Where something does, the flow begins
 * and is given what the call has come to.
 */
export interface Usual<T> {
  call (): Awaitable<unknown>
  /** Takes the answer; the flow that goes on with the answer, or `null` where nothing is left to do. */
  accept (answer: unknown): Flow<T> | null
  /** The flow that goes on with the error. */
  refuse (error: unknown): Flow<T>
  /** There was no answer in time. */
  expire (): void
}

/** Runs a flow whose first call is made at once. The result, the errors and the time limit are those of `run`. */
export function runUsual (usual: Usual<void>, deadlines: Deadlines): Awaitable<void> {
  let answer: Awaitable<unknown>
  try {
    answer = usual.call()
  } catch (error) {
    return run(usual.refuse(error), deadlines)
  }
  if (isPromise(answer)) return new Running<void>(usual, answer, deadlines).promise
  const flow = usual.accept(answer)
  return flow === null ? undefined : run(flow, deadlines)
}

/** A flow that waits. The promise is made by hand: an async function would make further promises for each wait. */
class Running<T> implements Waiting {
  readonly due: number
  earlier: Waiting | undefined
  later: Waiting | undefined
  readonly promise: Promise<T>
  #flow: Flow<T> | null
  readonly #usual: Usual<T> | null
  readonly #deadlines: Deadlines
  #resolve!: (result: T) => void
  #reject!: (error: unknown) => void
  #isOver = false

  /** @param start a flow that has yielded `pending`, or a first call that has answered with it */
  constructor (start: Flow<T> | Usual<T>, pending: PromiseLike<unknown>, deadlines: Deadlines) {
    const isFlow = 'next' in start
    this.#flow = isFlow ? start : null
    this.#usual = isFlow ? null : start
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
    if (this.#flow === null) this.#usual!.expire()
    else this.#flow.return(undefined as T)
    this.#isOver = true
  }

  readonly #onResult = (result: unknown): void => {
    if (this.#isOver) return
    try {
      if (this.#flow !== null) return this.#go(this.#flow.next(result))
      this.#flow = this.#usual!.accept(result)
      this.#go(this.#flow === null ? DONE as IteratorReturnResult<T> : this.#flow.next())
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #onError = (failure: unknown): void => {
    if (this.#isOver) return
    try {
      if (this.#flow !== null) return this.#go(this.#flow.throw(failure))
      this.#flow = this.#usual!.refuse(failure)
      this.#go(this.#flow.next())
    } catch (error) {
      this.#fail(error)
    }
  }

  #go (step: IteratorResult<PromiseLike<unknown>, T>): void {
    if (!step.done) {
      step.value.then(this.#onResult, this.#onError)
      return
    }
    this.#deadlines.delete(this)
    this.#resolve(step.value)
  }

  #fail (error: unknown): void {
    this.#deadlines.delete(this)
    this.#reject(error)
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })
