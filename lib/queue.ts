import type { Flow } from './flow.ts'

/**
 * Commits of one session in one process, one behind the other, each starting from the result of the one before. So the
 * tries of compare-and-set are spent on other processes only. Queues exist only while somebody is in them.
 */
export class CommitQueue<Result> {
  readonly #last = new Map<string, Turn<Result>>()

  /** Sessions with a commit under way. */
  get size (): number { return this.#last.size }

  /** Waits for the turn before. `leave` must be called in a `finally`. */
  * enter (id: string): Flow<Turn<Result>> {
    const before = this.#last.get(id)
    const turn = new Turn<Result>(() => {
      if (this.#last.get(id) === turn) this.#last.delete(id)
    })
    this.#last.set(id, turn)
    if (before === undefined) return turn
    let hasEntered = false
    try {
      yield before.ended
      hasEntered = true
      turn.latest = before.latest
      return turn
    } finally {
      // Stopped while waiting (a timeout): those behind must still wait for those in front.
      if (!hasEntered) before.ended.then(() => { turn.leave(before.latest) })
    }
  }
}

export class Turn<Result> {
  /** What the turn before found or left in the store; `undefined` when it does not know. */
  latest: Result | undefined
  hasEnded = false
  readonly #onEnd: () => void
  #resolve: (() => void) | undefined
  #ended: Promise<void> | undefined

  constructor (onEnd: () => void) {
    this.#onEnd = onEnd
  }

  get ended (): Promise<void> {
    this.#ended ??= this.hasEnded ? Promise.resolve() : new Promise(resolve => { this.#resolve = resolve })
    return this.#ended
  }

  leave (latest: Result | undefined): void {
    this.latest = latest
    this.hasEnded = true
    this.#onEnd()
    this.#resolve?.()
  }
}
