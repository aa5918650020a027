import type { SessionRecord } from '../../types/index.d.ts'
import type { Base, Joining } from './registration.ts'
import { BackendUnavailableError } from '../errors.ts'
import type { Flow } from '../tools/flow.ts'
import type { Turn } from './queue.ts'

/** More than that are not written at once: merging them takes the process's time. */
const MAX_PASSENGERS = 100

type CommitTurn = Turn<Base | null, Joining>

interface Outcome {
  readonly answer: true | SessionRecord | null
  /** What is stored, where the answer is true. */
  readonly base: Base
}

/** Stores what a commit wants, and along with it what those want that wait right behind it: one write for all of them. */
export function * putTogether (own: Base, turn: CommitTurn, put: (base: Base) => Flow<Outcome['answer']>): Flow<Outcome> {
  const { base, turns } = takeAlong(own, turn)
  try {
    const answer = yield * put(base)
    if (answer === true) for (const behind of turns) behind.carried = base
    return { answer, base }
  } catch (error) {
    if (turns.length === 0 || error instanceof BackendUnavailableError) throw error
    // Together they may be more than the store takes.
    return { answer: yield * put(own), base: own }
  }
}

/**
 * Adds the changes of the commits that wait right behind, each on top of the one before, as if they had been written one
 * after the other. One that cannot be added (it ends the session, it conflicts) is left to its own turn, and so is what
 * comes behind it.
 */
function takeAlong (own: Base, turn: CommitTurn): { base: Base, turns: CommitTurn[] } {
  let base = own
  const turns: CommitTurn[] = []
  for (const behind of turn.behind()) {
    const joined = turns.length < MAX_PASSENGERS ? behind.passenger.onto(base) : null
    if (joined === null) break
    base = joined
    turns.push(behind)
  }
  return { base, turns }
}
