import type { FastifyRequest } from 'fastify'
import type { SessionRecord } from '../../types/index.d.ts'
import { isRecord } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import { removeBlindly, removeIfUnchanged } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import type { SessionState } from './state.ts'

const MAX_TRIES = 10

/** `session.destroy()`. A second call changes nothing. */
export function * destroy (state: SessionState): Flow<void> {
  state.assertAvailable()
  if (state.phase === 'ended') return
  const { registration, base, cookies } = state
  if (base !== null) {
    // A cookie session ends by clearing the cookie, so refuse where no cookie can be set.
    if (registration.keeping.isInCookie) cookies.assertOpen()
    else yield * endSession(registration, base.record.id, base.record, cookies.request)
    registration.publish(cookies.log, 'destroyed', base.record.id)
  }
  cookies.clear(true)
  state.end()
}

/**
 * Ends a session, also under a new id: a parallel regeneration may just have moved the session on, and logging out must
 * not lose to the regeneration.
 *
 * @param known the record which the caller read last, which saves a read
 */
export function * endSession (
  registration: Registration, id: string, known: SessionRecord | null, request?: FastifyRequest
): Flow<void> {
  const turn = yield * registration.queue.enter(id)
  // If ending fails, the session still stands: the next commit in the queue must read it again.
  let latest: null | undefined
  try {
    yield * endWhateverStands(registration, id, known, request)
    latest = null
  } finally {
    turn.leave(latest)
  }
}

function * endWhateverStands (
  registration: Registration, id: string, known: SessionRecord | null, request: FastifyRequest | undefined
): Flow<void> {
  const { store } = registration
  let theirs: unknown = known ?? (yield * store.read(id))
  for (let attempt = 0; isRecord(theirs) && attempt < MAX_TRIES; attempt++) {
    const { successor } = theirs.policy ?? {}
    if (successor !== undefined) return yield * endSession(registration, successor, null, request)
    if (yield * removeIfUnchanged(store, theirs, null, request)) return
    theirs = yield * store.read(id)
  }
  // No record, or an unreadable record, or a new version at each try: whatever is stored under the id goes.
  yield * removeBlindly(store, id)
}
