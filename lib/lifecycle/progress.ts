import type { BackendUnavailableError } from '../errors.ts'

/** How far the operations of a request on its session have come. */
export class Progress {
  #loading: PromiseLike<Error | null> | null = null
  #pending: PromiseLike<unknown> | null = null
  #failure: BackendUnavailableError | null = null

  /** Settles when the last operation which had to wait is done; never rejects. `null` when none is under way. */
  get pending (): PromiseLike<unknown> | null { return this.#pending }

  /** The first failure of the backend: the answer must report the failure, whatever became of the promise. */
  get failure (): BackendUnavailableError | null { return this.#failure }

  /** What the load comes to, where it has to wait; never rejects. `null` before it begins. */
  get loading (): PromiseLike<Error | null> | null { return this.#loading }

  /**
   * Lets later operations of the request wait for the load.
   *
   * @param onError says what an error comes to; `null` for nothing
   */
  keepLoading (loading: PromiseLike<void>, onError: (error: unknown) => Error | null): PromiseLike<Error | null> {
    const leave = (failure: Error | null): Error | null => {
      if (this.#pending === tried) this.#pending = null
      return failure
    }
    const tried = loading.then(() => leave(null), (error: unknown) => leave(onError(error)))
    this.#pending = this.#loading = tried
    return tried
  }

  /** Lets later operations of the request wait for `result`. */
  keepPending<T> (result: PromiseLike<T>): PromiseLike<T> {
    const leave = () => { if (this.#pending === pending) this.#pending = null }
    const pending = result.then(leave, leave)
    this.#pending = pending
    return result
  }

  fail (failure: BackendUnavailableError): void { this.#failure ??= failure }
}
