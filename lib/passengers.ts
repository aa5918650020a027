import type { SessionRecord } from '../types/index.d.ts'
import type { SessionContext } from './context.ts'
import type { Base } from './core.ts'
import { BackendUnavailableError } from './errors.ts'
import type { Flow } from './flow.ts'
import { isEmpty, joinChanges, recordOf, type Wanted } from './plan.ts'
import type { Turn } from './queue.ts'

/** More than that are not written at once: merging them takes the process's time. */
const MAX_PASSENGERS = 100

/** A commit that waits in the queue, and whose changes the one in front may store along with its own. */
export interface Passenger {
  readonly context: SessionContext
  /** What it read: its changes are against that. */
  readonly read: Base
  readonly wanted: Wanted
}

type CommitTurn = Turn<Base | null, Passenger>

interface Outcome {
  readonly answer: true | SessionRecord | null
  /** What is stored, where the answer is true. */
  readonly base: Base
}

/**
 * Stores what a commit wants if `expectedVersion` stands, and along with it what those want that wait right behind it: one
 * write for all of them.
 *
 * @param isRepeatable see `Core.put`
 */
export function * putTogether (context: SessionContext, own: Base, expectedVersion: number, turn: CommitTurn, isRepeatable: boolean): Flow<Outcome> {
  const put = ({ record, text }: Base) => context.core.put(record, expectedVersion, context.writeContext(text), isRepeatable)
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
    const joined = turns.length < MAX_PASSENGERS ? join(behind.passenger, base) : null
    if (joined === null) break
    base = joined
    turns.push(behind)
  }
  return { base, turns }
}

function join ({ context, read, wanted }: Passenger, stands: Base): Base | null {
  try {
    const next = joinChanges(context, read, stands, wanted)
    if (isEmpty(context, next)) return null
    const record = recordOf(context, stands, next)
    return record.expiresAt > context.core.now() ? { record, text: next.text, tree: next.tree } : null
  } catch {
    // It meets the same error in its own turn, and answers with it.
    return null
  }
}
