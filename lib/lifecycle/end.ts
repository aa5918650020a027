import type { FastifyRequest } from 'fastify'
import type { SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { isRecord } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import { MAX_ENDING_TRIES, removeBlindly, removeIfUnchanged, whatStands } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import type { SessionState } from './state.ts'
import { assertAvailable } from './usable.ts'

/** `session.destroy()`. A second call changes nothing. */
export function * destroy (state: SessionState): Flow<void> {
  assertAvailable(state)
  if (state.phase === 'ended') return
  const { registration, base, cookies } = state
  if (base !== null) {
    // Such a session ends by clearing the cookie, so refuse where no cookie can be set.
    if (registration.keeping.isInCookie && registration.revoked === null) cookies.assertOpen()
    yield * endSession(registration, base.record.id, base.record, { request: cookies.request })
    registration.publish(cookies, 'destroyed', base.record.id, { subject: base.record.subject, cause: 'logout' })
  }
  cookies.clear(true)
  state.end()
}

/**
 * Ends a session, also under a new id: a parallel regeneration may just have moved the session on, and logging out must
 * not lose to the regeneration. Ending never waits for commits of the session, which may be many: compare-and-set makes
 * each of them find the session gone.
 *
 * @param known the record which the caller read last, which saves a read
 */
export function * endSession (registration: Registration, id: string, known: SessionRecord | null, end: End = {}): Flow<void> {
  if (registration.keeping.isInCookie) return yield * endCopies(registration, id, end.meta ?? null)
  yield * ahead(registration, id, () => endWhateverStands(registration, id, known, end, new Set([id])))
}

/** Ends every copy of a session's cookie, and of the session under a new id, where endings are kept. */
function * endCopies ({ revoked, signals }: Registration, id: string, meta: SessionMeta | null): Flow<void> {
  const ended = new Set<string>()
  for (let next: string | undefined = id; next !== undefined && !ended.has(next);) {
    ended.add(next)
    const before: SessionRecord | null = revoked === null ? null : yield * revoked.end(next, meta)
    signals.ended(next)
    next = before?.meta?.successor
  }
}

/** How a session ends. */
export interface End {
  /** What the tombstone says. Without it there is a tombstone only where the session had a place of its subject's. */
  readonly meta?: SessionMeta
  readonly request?: FastifyRequest | undefined
}

/** Runs what ends a session ahead of all its commits that wait. */
export function * ahead ({ store, queue }: Registration, id: string, end: () => Flow<void>): Flow<void> {
  if (store.isAtomic) return yield * end()
  const passing = yield * queue.pass(id)
  try {
    yield * end()
  } finally {
    passing.done()
  }
}

function * endWhateverStands (
  registration: Registration, id: string, known: SessionRecord | null, end: End, ended: Set<string>
): Flow<void> {
  const { store } = registration
  let theirs: unknown = known ?? (yield * store.read(id))
  for (let attempt = 0; isRecord(theirs) && attempt < MAX_ENDING_TRIES; attempt++) {
    const { successor } = theirs.meta ?? {}
    if (successor !== undefined && !ended.has(successor)) {
      ended.add(successor)
      return yield * ahead(registration, successor, () => endWhateverStands(registration, successor, null, end, ended))
    }
    // A tombstone: the session has ended, and perhaps for another reason.
    if (theirs.data === '') return
    const answer = yield * removeIfUnchanged(registration, theirs, end)
    if (answer.written) return
    // Without a pause, in which writers would come first again.
    theirs = yield * whatStands(store, answer, id)
  }
  // No record, or an unreadable record, or a new version at each try: whatever is stored under the id goes.
  yield * removeBlindly(store, id)
}
