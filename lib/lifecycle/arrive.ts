import type { Stored } from '../payload/codec.ts'
import type { Flow } from '../tools/flow.ts'
import type { Arrival } from './arrival.ts'
import { sendCookie } from './cookie.ts'
import type { Draft } from './draft.ts'
import { endSession } from './end.ts'
import { withAbout } from './identity.ts'
import { toStore, writeContextOf } from './records.ts'
import { withMarks } from '../record/marks.ts'
import { signIn } from './sign-ins.ts'
import type { SessionState } from './state.ts'

/**
 * Makes the session of a different library a stored session of ours, before anything else is done with it, and hands out its cookie.
 * In a cookie session the commit does both.
 *
 * Where a parallel request was first, the request goes on with the record which stands, and its own changes.
 */
export function * arrive (state: SessionState, isExplicit: boolean): Flow<void> {
  const { arrival, registration } = state
  if (arrival === null || !arrival.isPending || registration.keeping.isInCookie) return
  if (!arrival.isStored) yield * storeArrival(state, arrival)
  if (state.phase === 'gone') return
  arrival.settle()
  sendCookie(state, isExplicit)
}

function * storeArrival (state: SessionState, arrival: Arrival): Flow<void> {
  const { registration, cookies, id } = state
  const { store } = registration
  const base = state.base!
  yield * store.put(arrival.marker(registration.now()), 0, { data: {} })
  const { subject, meta } = base.record
  if (subject === null) return yield * insert(state, base)
  yield * signIn({
    registration,
    owner: { subject, meta },
    id,
    source: cookies,
    * store (marks) {
      yield * insert(state, { ...base, record: { ...base.record, meta: withMarks(meta, marks) } })
      return state.phase !== 'gone'
    },
    * end () {
      yield * endSession(registration, id, state.base!.record, { meta: { reason: 'revoked' } })
      state.markGone()
    }
  })
}

function * insert (state: SessionState, base: Stored): Flow<void> {
  const { registration } = state
  const { store } = registration
  const { subject, policy, meta } = base.record
  const { text, tree } = base
  const content = { text, tree, subject, policy, meta: withAbout(state, meta) }
  const stored = toStore(state, null, content, base.record.schemaVersion)
  const mine: Draft = { ...state.draft(), text, tree }
  const answer = yield * store.put(stored.record, 0, writeContextOf(state, text))
  if (answer.written) {
    state.adopt(stored, mine)
    registration.publish(state.cookies, 'created', stored.record.id, { reason: 'migrated', subject })
    return
  }
  const theirs = yield * store.fetch(state.id)
  if (theirs === null) state.markGone()
  else state.adopt(theirs, mine)
}
