import { AsyncLocalStorage } from 'node:async_hooks'
import type { Awaitable } from '../../types/index.d.ts'
import { NotSupportedError, SessionDestroyedError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import { type Flow, isPromise } from '../tools/flow.ts'
import type { Arrival } from './arrival.ts'
import { arrive } from './arrive.ts'
import type { Begun } from './begun.ts'
import { sendCookieIfOutdated } from './cookie.ts'
import type { Draft } from './draft.ts'
import { destroy } from './end.ts'
import { noteFailure, reload } from './load.ts'
import type { NewLife } from './new-lives.ts'
import { isRenewal } from './records.ts'
import { beginSignIn } from './revocations.ts'
import { rotate } from './rotate.ts'
import type { SessionState } from './state.ts'
import { storeDraft } from './store-draft.ts'
import { assertUsable } from './usable.ts'
import { usualCommit } from './usual.ts'

// The operations of a request on its session. Each runs at once where the backend answers at once, and within `timeout`.

/** The session whose transaction is running the current code. */
const insideTransaction = new AsyncLocalStorage<SessionState>()

// ---------------------------------------------------------------------------------------------- the end of a request

/** The commit before the reply's head goes out. The errors are for `noteCommitFailure`. */
export function commitSession (state: SessionState): Awaitable<void> {
  const { pending } = state
  return pending === null ? commitLoaded(state) : pending.then(() => commitLoaded(state))
}

function commitLoaded (state: SessionState): Awaitable<void> {
  const { phase, failure } = state
  // An operation which the handler did not wait for has failed meanwhile.
  if (failure !== null) throw failure
  if (phase === 'anonymous' && state.isModified) warnOfDropped(state)
  if (phase === 'loaded') return commitAtEnd(state)
}

/** Notes an error of a commit: a failure of the backend is the answer to the request. */
export function noteCommitFailure (state: SessionState, error: unknown): Error { return noteFailure(state, error, 'store') as Error }

function warnOfDropped ({ registration, cookies }: SessionState): void {
  const { path } = registration.settings.cookie
  const [kind, cause] = cookies.isOutside
    ? ['outside', `browsers send its cookie to ${path} only; set \`cookie.path\` to a path around both`] as const
    : ['dropped', 'the backend is unavailable'] as const
  registration.warn(cookies.log, kind, `changes of the session are dropped: ${cause} (${cookies.place})`)
}

// Where nothing is to be stored, the commit is done at once.
function commitAtEnd (state: SessionState): Awaitable<void> {
  if (state.arrival !== null) return state.registration.store.run(commitArrival(state, state.arrival))
  const draft = state.draft()
  if (state.differs(draft)) return commitChanges(state, draft)
  if (isRenewal(state)) return renewOrWarn(state, draft)
  if (state.base !== null) sendCookieIfOutdated(state, false)
}

function commitChanges (state: SessionState, draft: Draft): Awaitable<void> {
  const { store } = state.registration
  const usual = usualCommit(state, draft, begun => commitOrDrop(state, draft, begun))
  return usual === null ? store.run(commitOrDrop(state, draft)) : store.runUsual(usual)
}

// The library's own record goes last: until then a request whose answer is lost can begin anew.
function * commitArrival (state: SessionState, { removeForeign }: Arrival): Flow<void> {
  yield * arrive(state, false)
  const draft = state.draft()
  const hasChanged = state.differs(draft)
  if (state.phase === 'gone') {
    if (hasChanged) warnOfEnd(state)
    return
  }
  if (hasChanged || state.isArriving) yield * commitOrDrop(state, draft)
  else if (isRenewal(state)) yield * storeDraft(state, draft, { hasChanged: false, isExplicit: false })
  if (removeForeign !== null) state.registration.store.runAside(removeForeign())
}

// Where the record is gone, the changes are dropped and the handler's answer stands.
function * commitOrDrop (state: SessionState, draft: Draft, begun?: Begun): Flow<void> {
  yield * storeDraft(state, draft, { hasChanged: true, isExplicit: false, ...(begun !== undefined && { begun }) })
  if (state.phase === 'gone') warnOfEnd(state)
}

function warnOfEnd ({ cookies, registration }: SessionState): void {
  registration.warn(cookies.log, 'ended', `changes of the session are dropped: it ended while the request ran (${cookies.place})`)
}

// A page that only reads must not fail where nothing can be written: the next request tries to renew the session again.
function renewOrWarn (state: SessionState, draft: Draft): Awaitable<void> {
  const { registration, cookies, base } = state
  const warn = (error: unknown): void => {
    const { id, subject } = base!.record
    registration.publish(cookies, 'unavailable', id, { reason: 'renew', subject })
    const text = `the session could not be renewed; the next request tries again (${cookies.place})`
    registration.warn(cookies.log, 'renewal', text, error as Error)
    sendCookieIfOutdated(state, false)
  }
  try {
    const renewing = registration.store.run(storeDraft(state, draft, { hasChanged: false, isExplicit: false }))
    return isPromise(renewing) ? renewing.then(undefined, warn) : renewing
  } catch (error) {
    warn(error)
  }
}

/** Whether there are changes which no commit has seen. Data which cannot be serialized were changed. */
export function hasLeftovers (state: SessionState): boolean {
  if (state.phase !== 'loaded') return false
  try {
    return state.isModified
  } catch {
    return true
  }
}

// ---------------------------------------------------------------------------------------------- on request

export function saveSession (state: SessionState): Awaitable<void> {
  return inTurn(state, 'save()', () => save(state))
}

export function reloadSession (state: SessionState): Awaitable<void> {
  return inTurn(state, 'reload()', () => arrived(state, () => reload(state)))
}

/** Gives the session a new id: `regenerateId()`, `reauthenticate()`, `regenerate()` and `login()`. */
export function rotateSession (state: SessionState, life: NewLife): Awaitable<void> {
  const called = beginSignIn(state.registration)
  return inTurn(state, `${life.kind}()`, () => arrived(state, () => rotate(state, life, called)))
}

export function transactSession<T> (state: SessionState, fn: (data: Payload) => Awaitable<T>): Awaitable<T> {
  return inTurn(state, 'transaction()', () => transaction(state, data => insideTransaction.run(state, fn, data)))
}

export function destroySession (state: SessionState): Awaitable<void> {
  return inTurn(state, 'destroy()', () => arrived(state, () => destroy(state)))
}

/** What an operation does with a session of a different library: first it becomes one of ours. */
function * arrived (state: SessionState, operation: () => Flow<void>): Flow<void> {
  yield * arrive(state, true)
  yield * operation()
}

function * save (state: SessionState): Flow<void> {
  assertUsable(state)
  yield * arrive(state, true)
  assertNotGone(state)
  const draft = state.draft()
  const hasChanged = state.isArriving || state.differs(draft)
  if (state.base === null && !hasChanged) return warnOfNothing(state)
  if (!hasChanged && !isRenewal(state)) return sendCookieIfOutdated(state, true)
  yield * storeDraft(state, draft, { hasChanged, isExplicit: true })
  assertNotGone(state)
}

function warnOfNothing ({ registration, cookies }: SessionState): void {
  const text = `save() has nothing to store: an empty session is not kept, and has another id with each request (${cookies.place})`
  registration.warn(cookies.log, 'empty', text)
}

// Pending changes are part of a transaction, so that a later commit cannot overwrite the result with them.
function * transaction<T> (state: SessionState, fn: (data: Payload) => Awaitable<T>): Flow<T> {
  const { store } = state.registration
  if (!store.isAtomic) throw new NotSupportedError(store.name, 'transaction()', 'it needs an atomic backend')
  assertUsable(state)
  yield * arrive(state, true)
  assertNotGone(state)
  let result: T
  const edit = async (data: Payload): Promise<void> => { result = await fn(data) }
  yield * storeDraft(state, state.draft(), { hasChanged: true, isExplicit: true, edit })
  assertNotGone(state)
  return result!
}

function assertNotGone ({ phase }: SessionState): void {
  if (phase === 'gone') throw new SessionDestroyedError('another request ended it')
}

// ---------------------------------------------------------------------------------------------- order

/**
 * Runs an operation after those of the same request which are still under way: where a handler does not wait for a save, a
 * destroy must not overtake the save.
 */
function inTurn<T> (state: SessionState, operation: string, start: () => Flow<T>): Awaitable<T> {
  if (insideTransaction.getStore() === state) {
    throw new NotSupportedError('A transaction', operation, 'change the data that the function is given instead')
  }
  const { registration: { store }, cookies } = state
  cookies.vary()
  const result = noting(state, () => store.run(after(state.pending, start)))
  return isPromise(result) ? state.progress.keepPending(result) : result
}

function * after<T> (pending: PromiseLike<unknown> | null, start: () => Flow<T>): Flow<T> {
  if (pending !== null) yield pending
  return yield * start()
}

/** Notes a failure of the backend, now or later. */
function noting<T> (state: SessionState, start: () => Awaitable<T>): Awaitable<T> {
  const note = (error: unknown): never => { throw noteFailure(state, error, 'store') }
  try {
    const result = start()
    return isPromise(result) ? result.then(undefined, note) : result
  } catch (error) {
    return note(error)
  }
}
