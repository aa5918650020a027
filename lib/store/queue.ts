import type { Flow } from '../tools/flow.ts'

/**
 * Commits of one session in one process, one behind the other, each starting from the result of the one before. So the
 * tries of compare-and-set are spent on other processes only. Queues exist only while somebody is in them.
 */
export class CommitQueue<Result, Passenger = never> {
  readonly #last = new Map<string, Turn<Result, Passenger>>()

  /** Sessions with a commit under way. */
  get size (): number { return this.#last.size }

  /**
   * Waits for the turn before. `leave` must be called in a `finally`.
   *
   * @param passenger what a turn in front needs to do the work of this one along with its own
   */
  * enter (id: string, passenger?: Passenger): Flow<Turn<Result, Passenger>> {
    const before = this.#last.get(id)
    const turn = new Turn<Result, Passenger>(passenger, () => {
      if (this.#last.get(id) === turn) this.#last.delete(id)
    })
    this.#last.set(id, turn)
    if (before === undefined) return turn
    before.next = turn
    let hasEntered = false
    try {
      yield before.ended
      hasEntered = true
      turn.latest = before.latest
      return turn
    } finally {
      // Stopped while waiting (a timeout): those behind must still wait for those in front.
      if (!hasEntered) {
        turn.isAbandoned = true
        before.ended.then(() => { turn.leave(before.latest) })
      }
    }
  }
}

export class Turn<Result, Passenger = never> {
  readonly passenger: Passenger | undefined
  next: Turn<Result, Passenger> | undefined
  /** What the turn before found or left in the store; `undefined` when it does not know. */
  latest: Result | undefined
  /** The result of this turn, when one in front has done its work. */
  carried: Result | undefined
  /** Nobody waits for it any more. */
  isAbandoned = false
  hasEnded = false
  readonly #onEnd: () => void
  #resolve: (() => void) | undefined
  #ended: Promise<void> | undefined

  constructor (passenger: Passenger | undefined, onEnd: () => void) {
    this.passenger = passenger
    this.#onEnd = onEnd
  }

  get ended (): Promise<void> {
    this.#ended ??= this.hasEnded ? Promise.resolve() : new Promise(resolve => { this.#resolve = resolve })
    return this.#ended
  }

  /** Those right behind whose work can be done along, in their order, up to the first whose cannot. */
  * behind (): IterableIterator<Turn<Result, Passenger> & { readonly passenger: Passenger }> {
    for (let turn = this.next; turn?.passenger !== undefined; turn = turn.next) {
      if (!turn.isAbandoned) yield turn as typeof turn & { readonly passenger: Passenger }
    }
  }

  leave (latest: Result | undefined): void {
    this.latest = latest
    this.hasEnded = true
    this.#onEnd()
    this.#resolve?.()
  }
}
