import { randomVersion } from '../crypto/random.ts'
import type { Stored } from '../payload/codec.ts'
import { freezeRecord } from '../record/record.ts'
import { theirsOf } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import { deadlinesOf, isOver, writeContextOf } from './records.ts'
import { noteReplacement } from './replacements.ts'
import type { SessionState } from './state.ts'

const MAX_TRIES = 10

/**
 * Moves the deadlines of a session that the request has used and not changed. Where a different version is stored by now, that
 * version is renewed: its writer may have been a passive request. Where the session has ended or moved on, nothing is, and no
 * cookie must follow: the cookie of the old id would take the place of the new one.
 *
 * @returns the session which is stored now; `null` where there is none
 */
export function * renew (state: SessionState, base: Stored): Flow<Stored | null> {
  const { store } = state.registration
  // Without compare-and-set the whole record is written: only a fresh one undoes no logout and no change.
  const comparesVersions = store.isAtomic || store.backend.touch !== undefined
  let theirs = comparesVersions ? base : yield * store.fetch(base.record.id)
  for (let attempt = 1; theirs !== null && attempt <= MAX_TRIES; attempt++) {
    const renewed: Stored = withDeadlines(state, theirs)
    if (isOver(state, renewed)) return null
    const standing: Stored | null | 'renewed' = yield * tryToRenew(state, renewed, theirs)
    if (standing === 'renewed') return renewed
    theirs = standing
  }
  // Each of so many writes has moved the deadlines.
  return theirs
}

/**
 * Whether a renewal is a write with a new version: where the backend cannot `touch`, and where the application has called `touch()`, so
 * that a parallel write, which leaves the deadline where it was, hears of the later one.
 */
function isWrite ({ isTouchForced, registration: { store } }: SessionState): boolean {
  return store.backend.touch === undefined || (isTouchForced && store.isAtomic)
}

/** The same session with deadlines from this moment. `touch` keeps the version, a write needs a new one. */
function withDeadlines (state: SessionState, stored: Stored): Stored {
  const { record } = stored
  const version = isWrite(state) ? randomVersion() : record.version
  if (version !== record.version) noteReplacement(record.version, version, undefined)
  return { ...stored, record: freezeRecord({ ...record, version, ...deadlinesOf(state, stored) }) }
}

function * tryToRenew (state: SessionState, { record }: Stored, theirs: Stored): Flow<Stored | null | 'renewed'> {
  const { store } = state.registration
  const { id, version } = theirs.record
  if (isWrite(state)) {
    const answer = yield * store.put(record, version, writeContextOf(state, theirs.text))
    if (answer.written) return 'renewed'
    return yield * theirsOf(store, answer, id)
  }
  const answer = yield * store.call('touch', id, () => store.backend.touch!(id, record), record.data)
  if (answer !== null) return answer ? 'renewed' : null
  const standing = yield * store.fetch(id)
  return standing?.record.version === version ? 'renewed' : standing
}
