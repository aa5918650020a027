import { SessionDestroyedError } from '../errors.ts'
import type { Stored } from '../payload/codec.ts'
import { endBlindly, MAX_ENDING_TRIES, removeIfUnchanged, theirsOf } from '../store/server-side.ts'
import type { Registration } from '../store/registration.ts'
import type { Flow } from '../tools/flow.ts'
import { type Draft, merge } from './draft.ts'
import { ahead } from './end.ts'
import { reportOverwritten } from './overwritten.ts'
import type { SignIn } from './revocations.ts'
import type { SessionState } from './state.ts'
import type { NewLife } from './new-lives.ts'
import { Successor } from './successor.ts'
import { assertUsable } from './usable.ts'

/**
 * Gives the session a new id: first the new record, whose token no client knows yet, then the end of the old record by
 * compare-and-set. Changes which parallel requests stored before the end of the old record are carried over; later writes
 * find the record gone. If the process dies between the two, the old session stands and the new session is out of reach.
 */
export function * rotate (state: SessionState, life: NewLife, signIn: SignIn): Flow<void> {
  // A sign-in starts over where the session is gone; without data to start from there is nothing to go on with.
  if (state.phase !== 'gone' || life.dataIfGone === null) assertUsable(state)
  state.cookies.assertOpen()
  const draft = state.draft()
  const successor = new Successor(state, life, signIn)
  let isOver = false
  try {
    yield * replaceOld(state, successor, draft)
    isOver = true
  } catch (error) {
    isOver = true
    yield * successor.takeBack()
    if (error instanceof SessionDestroyedError && state.phase !== 'gone') state.markGone()
    throw error
  } finally {
    // Where the time limit has stopped this flow, it runs no `catch` and can wait for nothing any more.
    if (!isOver) successor.abandon()
  }
  successor.confirm()
  successor.takeOver(draft)
}

function * replaceOld (state: SessionState, successor: Successor, draft: Draft): Flow<void> {
  const { registration, base } = state
  if (state.phase === 'gone') return yield * successor.writeAlone()
  if (base === null) return yield * successor.write(draft)
  if (registration.keeping.isInCookie) return yield * replaceCopies(registration, successor, base, draft)
  yield * ahead(registration, base.record.id, () => compareAndReplace(state, successor, base, draft))
}

/** A parallel request may have ended the session of this copy, or moved it on: the one that comes first counts. */
function * replaceCopies ({ revoked }: Registration, successor: Successor, { record }: Stored, draft: Draft): Flow<void> {
  yield * successor.write(draft, record.schemaVersion)
  if (revoked === null) return
  // What was revoked since the request has loaded it does not go on with the new id.
  const before = (yield * revoked.endingOf(record, true)) ?? (yield * revoked.end(record.id, successor.forwarding().meta ?? null))
  if (before !== null) yield * successor.writeAlone()
}

function * compareAndReplace (state: SessionState, successor: Successor, base: Stored, mine: Draft): Flow<void> {
  const { registration, cookies } = state
  const { store, settings: { onConflict } } = registration
  const { id } = base.record
  const mineOnTopOf = (theirs: Stored): Draft => merge({ codec: store.codec, onConflict }, base, theirs, mine)
  let theirs = store.isAtomic ? base : yield * store.fetch(id)
  for (let attempt = 1; theirs !== null && attempt <= MAX_ENDING_TRIES; attempt++) {
    const { record }: Stored = theirs
    const merged = mineOnTopOf(theirs)
    if (attempt === 1) yield * successor.write(merged, record.schemaVersion)
    const answer = yield * removeIfUnchanged(registration, record, { ...successor.forwarding(), request: cookies.request })
    if (answer.written) {
      // Beside busy writers there is no time for a write between the read and the end: the new record gets their changes now.
      if (attempt > 1) yield * successor.write(merged, record.schemaVersion)
      return reportOverwritten(state, merged, id)
    }
    // Without a pause, in which writers would come first again.
    theirs = yield * theirsOf(store, answer, id)
    if (theirs !== null) registration.publish(cookies, 'conflict', id, { reason: 'version', subject: theirs.record.subject })
  }
  if (theirs === null) return yield * successor.writeAlone()
  // Writers of the old session must not keep a sign-in from happening: the old id ends, whatever they write by now.
  yield * successor.write(mineOnTopOf(theirs), theirs.record.schemaVersion)
  yield * endBlindly(store, id, registration.now(), successor.forwarding().meta)
}
