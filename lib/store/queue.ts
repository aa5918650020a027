import { BackendUnavailableError, SessionConflictError } from '../errors.ts'
import type { Flow } from '../tools/flow.ts'
import { HashMap } from '../tools/hash-map.ts'
import type { PutAnswer } from './store.ts'

/** More commits of a session do not wait: each keeps its request, and the last would time out anyway. */
const MAX_WAITING = 1_000
/** More commits are not stored by a single write: merging takes the process's time. */
const MAX_JOINED = 100
/** Nor are more characters than that gone through for a single write, all sessions on the way together. */
const MAX_JOINED_CHARS = 2_000_000

/** A commit which waits, and whose changes the commit in front may store along with its own. */
export interface Joining<Result> {
  /** The commit's changes on top of what is about to be stored; `null` where the commit needs a turn of its own. */
  onto (theirs: Result): Result | null
}

/**
 * Commits of a session in a process, in turn: each starts from the result of the commit before, so that the tries of
 * compare-and-set are spent on conflicts with different processes only. A queue exists only while a commit is in it.
 */
export class CommitQueue<Result> {
  readonly #last = new HashMap<string, Turn<Result>>()
  /** The commits which are not waiting, but running. */
  readonly #running = new HashMap<string, Turn<Result>>()
  /** Endings under way: commits that wait let them pass. */
  readonly #endings = new HashMap<string, Promise<unknown>>()

  /** How many sessions have a commit under way. */
  get size (): number { return this.#last.size }

  /** Whether a commit or an ending of a session is under way. */
  isBusy (id: string): boolean { return this.#last.has(id) || this.#endings.has(id) }

  /** Enters at once, where the session is not busy. `leave` must be called, whatever happens. */
  enterAtOnce (id: string): Turn<Result> {
    const turn = this.#newTurn(id, 0, undefined)
    this.#running.set(id, turn)
    return turn
  }

  #newTurn (id: string, place: number, joining: Joining<Result> | undefined): Turn<Result> {
    const turn = new Turn<Result>(place, joining, () => {
      if (this.#last.get(id) === turn) this.#last.delete(id)
      if (this.#running.get(id) === turn) this.#running.delete(id)
    })
    this.#last.set(id, turn)
    return turn
  }

  /**
   * Waits until the turn before has ended. `leave` must be called in a `finally`.
   *
   * @param joining lets a turn in front store the changes of this turn along with its own
   */
  * enter (id: string, joining?: Joining<Result>): Flow<Turn<Result>> {
    const before = this.#last.get(id)
    const place = before === undefined ? 0 : before.place + 1
    const running = this.#running.get(id)
    if (running !== undefined && place - running.place > MAX_WAITING) {
      throw new SessionConflictError(`${MAX_WAITING} of its commits are waiting already`)
    }
    const turn = this.#newTurn(id, place, joining)
    if (before !== undefined) before.next = turn
    let hasEntered = false
    try {
      if (before !== undefined) yield before.ended
      yield * this.#letPass(id)
      hasEntered = true
      turn.latest = before?.latest
      this.#running.set(id, turn)
      return turn
    } finally {
      // A turn which times out gives up its place; the turns behind still wait for the turn in front.
      if (!hasEntered) {
        turn.isAbandoned = true
        if (before === undefined) turn.leave(undefined)
        else before.ended.then(() => { turn.leave(before.latest) })
      }
    }
  }

  * #letPass (id: string): Flow<void> {
    for (let ending = this.#endings.get(id); ending !== undefined; ending = this.#endings.get(id)) yield ending
  }

  /**
   * Lets an ending pass all commits that wait: it waits for the running commit only. For backends without compare-and-set,
   * where a write that is under way would bring the session back. `done` must be called in a `finally`.
   */
  * pass (id: string): Flow<{ done (): void }> {
    let done!: () => void
    const own = new Promise<void>(resolve => { done = resolve })
    const all = Promise.all([this.#endings.get(id), own])
    this.#endings.set(id, all)
    all.then(() => { if (this.#endings.get(id) === all) this.#endings.delete(id) })
    let hasPassed = false
    try {
      const running = this.#running.get(id)
      if (running !== undefined) yield running.ended
      hasPassed = true
      return { done }
    } finally {
      if (!hasPassed) done()
    }
  }
}

type JoiningTurn<Result> = Turn<Result> & { readonly joining: Joining<Result> }

export class Turn<Result> {
  /** How many turns there were before, since the queue was last empty. */
  readonly place: number
  readonly joining: Joining<Result> | undefined
  next: Turn<Result> | undefined
  /** What the turn before found or left in the store: `null` for nothing, `undefined` where that is not known. */
  latest: Result | null | undefined
  /** What is stored, where a turn in front has stored the changes of this turn. */
  joined: Result | undefined
  /** Its request has timed out. */
  isAbandoned = false
  hasEnded = false
  readonly #onEnd: () => void
  #resolve: (() => void) | undefined
  #ended: Promise<void> | undefined

  constructor (place: number, joining: Joining<Result> | undefined, onEnd: () => void) {
    this.place = place
    this.joining = joining
    this.#onEnd = onEnd
  }

  get ended (): Promise<void> {
    this.#ended ??= this.hasEnded ? Promise.resolve() : new Promise(resolve => { this.#resolve = resolve })
    return this.#ended
  }

  /** The turns right behind which may join, in their order, up to the first which may not. */
  * waiting (): IterableIterator<JoiningTurn<Result>> {
    for (let turn = this.next; turn?.joining !== undefined; turn = turn.next) {
      if (!turn.isAbandoned) yield turn as JoiningTurn<Result>
    }
  }

  leave (latest: Result | null | undefined): void {
    this.latest = latest
    this.hasEnded = true
    this.#onEnd()
    this.#resolve?.()
  }
}

export interface GroupAnswer<Result> {
  readonly answer: PutAnswer
  /** The stored session, where the answer says `written`. */
  readonly stored: Result
}

/**
 * Group commit: stores a commit's result and, by the same write, the changes of the commits which wait right behind.
 *
 * @param chars about how large the session is: merging large sessions must not hold up the other sessions of the process
 * @param put makes the record of a result, and stores the record
 */
export function * groupCommit<Result> (
  own: Result, turn: Turn<Result>, chars: number, put: (result: Result) => Flow<GroupAnswer<Result>>
): Flow<GroupAnswer<Result>> {
  const { stored, turns } = joinWaiting(own, turn, Math.min(MAX_JOINED, MAX_JOINED_CHARS / chars))
  try {
    const outcome = yield * put(stored)
    if (outcome.answer.written) for (const waiting of turns) waiting.joined = outcome.stored
    return outcome
  } catch (error) {
    if (turns.length === 0 || error instanceof BackendUnavailableError) throw error
    // All changes together may be more than the store takes in one record.
    return yield * put(own)
  }
}

/**
 * Adds the changes of the waiting commits, each on top of the commit before, as if each had been written in its turn. A
 * commit whose changes cannot be added (it ends the session, or conflicts) is left to its own turn, and so are the commits
 * behind.
 */
function joinWaiting<Result> (own: Result, turn: Turn<Result>, most: number): { stored: Result, turns: Array<Turn<Result>> } {
  let stored = own
  const turns: Array<Turn<Result>> = []
  for (const waiting of turn.waiting()) {
    const joined = turns.length < most ? waiting.joining.onto(stored) : null
    if (joined === null) break
    stored = joined
    turns.push(waiting)
  }
  return { stored, turns }
}
