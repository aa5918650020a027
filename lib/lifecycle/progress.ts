import type { BackendUnavailableError } from '../errors.ts'

/** How far the operations of a request on its session have come. */
export class Progress {
  #loading: PromiseLike<void> | null = null
  #pending: PromiseLike<unknown> | null = null
  #failure: BackendUnavailableError | null = null

  /** Settles when the last operation which had to wait is done; never rejects. `null` when none is under way. */
  get pending (): PromiseLike<unknown> | null { return this.#pending }

  /** The first failure of the backend: the answer must report the failure, whatever became of the promise. */
  get failure (): BackendUnavailableError | null { return this.#failure }

  /** The load, where it has to wait. `null` before it begins. */
  get loading (): PromiseLike<void> | null { return this.#loading }

  keepLoading (loading: PromiseLike<void>): void { this.#loading = loading }

  /** Lets later operations of the request wait for `result`. */
  keepPending<T> (result: PromiseLike<T>): PromiseLike<T> {
    const leave = () => { if (this.#pending === pending) this.#pending = null }
    const pending = result.then(leave, leave)
    this.#pending = pending
    return result
  }

  fail (failure: BackendUnavailableError): void { this.#failure ??= failure }
}
