import { AsyncLocalStorage } from 'node:async_hooks'
import type { Awaitable } from '../../types/index.d.ts'
import type { Payload } from '../payload/changes.ts'
import { commit, save, transaction } from './commit.ts'
import type { SessionContext } from './state.ts'
import { endSession } from './end.ts'
import { BackendContractError, BackendUnavailableError, NotSupportedError, SessionDestroyedError } from '../errors.ts'
import { type Flow, isPromise } from '../tools/flow.ts'
import { findSession } from './load.ts'
import { type NewLife, rotate } from './rotate.ts'

// What a request can do with its session. Each runs at once where the backend answers at once, within `timeout`.

/** The session whose transaction is running this code. */
const insideTransaction = new AsyncLocalStorage<SessionContext>()

// ---------------------------------------------------------------------------------------------- loading

/** Loads the session once. An unreachable backend throws, or is an empty session where the route says so. */
export function loadSession (context: SessionContext): Awaitable<void> {
  if (context.phase !== 'unloaded') return
  context.loading ??= startLoading(context)
  return context.loading
}

/** Loads, and answers with the error instead of throwing it. */
export function tryLoading (context: SessionContext): Awaitable<Error | null> {
  try {
    const loading = loadSession(context)
    return isPromise(loading) ? loading.then(() => null, (error: Error) => error) : null
  } catch (error) {
    return error as Error
  }
}

/** Loads from a backend that answers at once: a self-contained one, at the first look. */
export function loadAtOnce (context: SessionContext): void {
  if (!isPromise(loadSession(context))) return
  throw new BackendContractError(`${context.core.backendName}.read() must answer at once or be an async function: it is self-contained and answered with a promise`)
}

function startLoading (context: SessionContext): Awaitable<void> {
  try {
    const loading = context.core.run(load(context))
    if (!isPromise(loading)) return
    return keepPending(context, loading.then(undefined, (error: unknown) => { loadFailed(context, error) }))
  } catch (error) {
    return loadFailed(context, error)
  }
}

function * load (context: SessionContext): Flow<void> {
  const { core, carrier } = context
  const found = yield * findSession(core, carrier.carried, carrier.log)
  if (found !== null) context.adopt(found.base, found.token)
  context.begin(found === null ? {} : found.base.data)
}

// "No session" and "no answer" are never mistaken for each other: this one is never stored and touches no cookie.
function loadFailed (context: SessionContext, error: unknown): void {
  const { route, carrier } = context
  const mayBeAnonymous = route.onUnavailable === 'anonymous' && route.required === false
  if (!(error instanceof BackendUnavailableError) || !mayBeAnonymous) throw context.noteFailure(error, 'load')
  context.core.publish(carrier.log, 'unavailable', null, 'load')
  carrier.log.warn({ err: error }, `the session backend is unavailable: this request gets an empty session (${carrier.place})`)
  context.begin({})
  context.phase = 'anonymous'
}

// ---------------------------------------------------------------------------------------------- storing

/** What the end of a request does. */
export function commitSession (context: SessionContext): Awaitable<void> {
  if (context.pending !== null) return context.pending.then(() => commitLoaded(context))
  return commitLoaded(context)
}

function commitLoaded (context: SessionContext): Awaitable<void> {
  const { phase, carrier, failure } = context
  // An operation that nobody waited for has failed meanwhile.
  if (failure !== null) throw failure
  if (phase === 'anonymous' && context.isModified) {
    carrier.log.warn(`changes of the session are dropped: the backend is unavailable (${carrier.place})`)
  }
  if (phase === 'loaded') return noting(context, () => commit(context))
}

export function saveSession (context: SessionContext): Awaitable<void> {
  return inTurn(context, 'save()', () => save(context))
}

export function reloadSession (context: SessionContext): Awaitable<void> {
  return inTurn(context, 'reload()', () => reload(context))
}

export function rotateSession (context: SessionContext, life: NewLife): Awaitable<void> {
  return inTurn(context, `${life.kind}()`, () => rotate(context, life))
}

export function transactSession<T> (context: SessionContext, fn: (data: Payload) => Awaitable<T>): Awaitable<T> {
  return inTurn(context, 'transaction()', () => transaction(context, data => insideTransaction.run(context, fn, data)))
}

/** Ends the session; a second time changes nothing. */
export function destroySession (context: SessionContext): Awaitable<void> {
  return inTurn(context, 'destroy()', () => destroy(context))
}

function * reload (context: SessionContext): Flow<void> {
  context.assertUsable()
  const { core, base, token } = context
  if (base === null) {
    // Still the same session, with the id that it may have shown already.
    context.subject = context.policy = null
    context.isCleared = context.isTouchForced = false
    context.replaceData({})
    return
  }
  const { id } = base.record
  const key = core.isSelfContained ? token! : id
  const stored = core.standing(yield * core.call('read', () => core.backend.read(key)), id)
  if (stored === null) {
    context.markGone()
    throw new SessionDestroyedError('another request ended it')
  }
  context.adopt(stored, token)
  context.isCleared = context.isTouchForced = false
  context.replaceData(stored.data)
}

function * destroy (context: SessionContext): Flow<void> {
  context.assertAvailable()
  const { core, base, carrier } = context
  if (context.phase === 'ended') return
  // All there is of such a session is its cookie: where that cannot be cleared, nothing would end.
  if (base !== null && core.isSelfContained) carrier.assertOpen()
  if (base !== null && !core.isSelfContained) yield * endSession(core, base.record.id, base.record, carrier.request)
  if (base !== null) core.publish(carrier.log, 'destroyed', base.record.id)
  carrier.clear(true)
  context.end()
}

// ---------------------------------------------------------------------------------------------- order

/**
 * Runs an operation behind those of the same request that are still under way: a handler that does not wait for one
 * must not have it overtaken by the next, such as a save by a destroy.
 */
function inTurn<T> (context: SessionContext, operation: string, start: () => Flow<T>): Awaitable<T> {
  if (insideTransaction.getStore() === context) {
    throw new NotSupportedError('A transaction', operation, 'change the data that the function is given instead')
  }
  const result = noting(context, () => context.core.run(behind(context.pending, start)))
  return isPromise(result) ? keepPending(context, result) : result
}

function keepPending<T> (context: SessionContext, result: PromiseLike<T>): PromiseLike<T> {
  const leave = () => { if (context.pending === pending) context.pending = null }
  const pending = result.then(leave, leave)
  context.pending = pending
  return result
}

function * behind<T> (before: PromiseLike<unknown> | null, start: () => Flow<T>): Flow<T> {
  if (before !== null) yield before
  return yield * start()
}

/** Notes a failure of the backend, now or later. */
function noting<T> (context: SessionContext, start: () => Awaitable<T>): Awaitable<T> {
  const note = (error: unknown): never => { throw context.noteFailure(error) }
  try {
    const result = start()
    return isPromise(result) ? result.then(undefined, note) : result
  } catch (error) {
    return note(error)
  }
}
