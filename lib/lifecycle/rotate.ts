import { SessionConflictError, SessionDestroyedError } from '../errors.ts'
import type { Stored } from '../payload/codec.ts'
import type { Turn } from '../store/queue.ts'
import { removeIfUnchanged } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import { type Draft, merge } from './draft.ts'
import { reportOverwritten } from './overwritten.ts'
import { lastRevocation } from './revocations.ts'
import type { SessionState } from './state.ts'
import { type NewLife, Successor } from './successor.ts'

const MAX_TRIES = 10

/**
 * Gives the session a new id: first the new record, whose token no client knows yet, then the end of the old record by
 * compare-and-set. Changes which parallel requests stored before the end of the old record are carried over; later writes
 * find the record gone. If the process dies between the two, the old session stands and the new session is out of reach.
 */
export function * rotate (state: SessionState, life: NewLife): Flow<void> {
  // A sign-in starts over where the session is gone; without data to start from there is nothing to go on with.
  if (state.phase !== 'gone' || life.dataIfGone === null) state.assertUsable()
  state.cookies.assertOpen()
  const draft = state.draft()
  const isSignIn = life.subject !== undefined
  const mark = isSignIn ? (yield * lastRevocation(state.registration, life.subject)).mark : state.policy?.mark
  const successor = new Successor(state, life, mark)
  try {
    yield * replaceOld(state, successor, draft)
  } catch (error) {
    // No client has the new token, but the record would be listed among the sessions of its subject.
    yield * successor.remove()
    if (error instanceof SessionDestroyedError && state.phase !== 'gone') state.markGone()
    throw error
  }
  successor.takeOver(draft)
}

function * replaceOld (state: SessionState, successor: Successor, draft: Draft): Flow<void> {
  const { registration, base } = state
  if (state.phase === 'gone') return yield * successor.writeAlone()
  if (base === null || registration.keeping.isInCookie) return yield * successor.write(draft, base?.record.schemaVersion)
  const turn = yield * registration.queue.enter(base.record.id)
  // Only success ends the old session: after a failure the next commit in the queue must read it again.
  let latest: null | undefined
  try {
    yield * compareAndReplace(state, successor, base, turn, draft)
    latest = null
  } finally {
    turn.leave(latest)
  }
}

function * compareAndReplace (state: SessionState, successor: Successor, base: Stored, turn: Turn<Stored>, mine: Draft): Flow<void> {
  const { registration, cookies } = state
  const { store, settings: { onConflict } } = registration
  const { id } = base.record
  let theirs = yield * firstTheirs(state, base, turn)
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    if (theirs === null) return yield * successor.writeAlone()
    const merged = merge({ codec: store.codec, onConflict }, base, theirs, mine)
    yield * successor.write(merged, theirs.record.schemaVersion)
    if (yield * removeIfUnchanged(store, theirs.record, successor.forwarding(), cookies.request)) return reportOverwritten(state, merged, id)
    theirs = yield * store.fetch(id)
    if (theirs !== null) registration.publish(cookies.log, 'conflict', id, 'version')
  }
  throw new SessionConflictError(`${MAX_TRIES} tries were not enough`)
}

function * firstTheirs ({ registration: { store } }: SessionState, base: Stored, { latest }: Turn<Stored>): Flow<Stored | null> {
  if (!store.isAtomic) return yield * store.fetch(base.record.id)
  return latest === undefined ? base : latest
}
