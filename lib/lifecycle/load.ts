import type { Awaitable, SessionEnding, SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { BackendContractError, BackendUnavailableError, SessionDestroyedError } from '../errors.ts'
import type { Registration } from '../store/registration.ts'
import type { Rejection } from '../store/store.ts'
import { type Flow, isPromise } from '../tools/flow.ts'
import { type Arrived, findArrival } from './arrivals.ts'
import type { Given } from './begun.ts'
import type { CookieTransport } from './cookie.ts'
import { withOwner } from './identity.ts'
import type { SessionState } from './state.ts'
import { isSuspect, type Named, namedBy, reportThefts, type Suspect } from './theft.ts'
import { assertUsable } from './usable.ts'
import { usualLoad } from './usual.ts'

/** Loads the session once. An unreachable backend throws, or is an empty session where the route says so. */
export function loadSession (state: SessionState): Awaitable<void> {
  const tried = tryLoading(state)
  if (!isPromise(tried)) return throwIfFailed(tried)
  const loaded = tried.then(throwIfFailed)
  // Whoever does not wait for the load gets its failure as the answer to the request.
  loaded.then(undefined, () => {})
  return loaded
}

function throwIfFailed (failure: Error | null): void {
  if (failure !== null) throw failure
}

/** Loads, and answers with an error instead of throwing. */
export function tryLoading (state: SessionState): Awaitable<Error | null> {
  return state.isLoaded ? null : state.loading ?? startLoading(state)
}

/** Loads from a self-contained backend which answers at once, at the first look. */
export function loadAtOnce (state: SessionState): void {
  const tried = tryLoading(state)
  if (!isPromise(tried)) return throwIfFailed(tried)
  const { name } = state.registration.store
  throw new BackendContractError(
    `${name}.read() must answer at once or be an async function: it is self-contained and answered with a promise`
  )
}

function startLoading (state: SessionState): Awaitable<Error | null> {
  const failed = (error: unknown): Error | null => failureOf(state, error)
  try {
    const { store } = state.registration
    const usual = usualLoad(state, given => load(state, given))
    const loading = usual === null ? store.run(load(state)) : store.runUsual(usual)
    return isPromise(loading) ? state.progress.keepLoading(loading, failed) : null
  } catch (error) {
    return failed(error)
  }
}

function * load (state: SessionState, given: Given | null = null): Flow<void> {
  const { registration, cookies } = state
  if (cookies.isOutside) return state.beginAnonymous()
  const found = yield * findSession(registration, cookies, state.route.fresh, given)
  if ('judged' in found) cookies.presented = found.judged?.presented ?? null
  if ('token' in found) state.begin(found.data, found.stored, found.token, found.arrival)
  else state.beginAfter(found.endedBecause)
}

// "No session" and "no answer" are never mistaken for each other: the empty session of an outage is never stored, and
// touches no cookie.
function failureOf (state: SessionState, error: unknown): Error | null {
  const { registration, route, cookies } = state
  const mayBeAnonymous = route.onUnavailable === 'anonymous' && route.required === null
  if (!(error instanceof BackendUnavailableError) || !mayBeAnonymous) return noteFailure(state, error, 'load') as Error
  registration.publish(cookies, 'unavailable', null, { reason: 'load' })
  const text = `the session backend is unavailable: this request gets an empty session (${cookies.place})`
  registration.warn(cookies.log, 'anonymous', text, error)
  state.beginAnonymous()
  return null
}

/** Remembers a failure of the backend: the answer must report the failure, whatever becomes of the promise. */
export function noteFailure (state: SessionState, error: unknown, reason: 'load' | 'store'): unknown {
  if (!(error instanceof BackendUnavailableError)) return error
  const { base, registration, cookies } = state
  const { id = null, subject } = base?.record ?? {}
  if (state.failure === null) registration.publish(cookies, 'unavailable', id, { reason, subject })
  state.progress.fail(error)
  return error
}

interface Found extends Named { readonly arrival?: undefined }

/** There is no session, and perhaps a tombstone says why. */
interface Missing { readonly endedBecause: SessionEnding | null }

/** What says that a session of before is there no more, and is not merely out of reach. */
const ENDED: ReadonlySet<Rejection> = new Set(['unknown', 'regenerated', 'expired'])

const NO_COOKIE: Missing = Object.freeze({ endedBecause: null })

/**
 * Finds the session of a request: its first valid cookie counts. An invalid cookie is no session, never an error
 * and never adopted; a `rejected` event says why. Throws only when the backend fails.
 *
 * @param given what the read has come to, where the only cookie's session was read before
 */
function * findSession (
  registration: Registration, cookies: CookieTransport, isFresh: boolean, given: Given | null = null
): Flow<Found | Arrived | Missing> {
  const { carried } = cookies
  if (carried.indexes.length === 0) return (yield * findArrival(registration, cookies)) ?? NO_COOKIE
  const { keeping, revoked, store } = registration
  let reason: Rejection | null = null
  let id: string | null = null
  let endedBecause: SessionEnding | null = null
  let opened: Named | null = null
  let suspects: Suspect[] | null = null
  for (const text of carried.texts) {
    const key = keeping.keyOf(text)
    if (key === null) continue
    const answer = yield * store.readForLoad(key, isFresh, given)
    const found = store.examine(answer, keeping.idOf(key), keeping.absent)
    const isJudged = found.rejected !== undefined || revoked === null
    const ending = isJudged ? null : yield * revoked.endingOf(found.stored.record, isFresh)
    if (found.rejected === undefined && ending === null) {
      const named = namedBy(registration, text, withOwner(registration, found.stored), found.data)
      if (!isSuspect(named)) {
        opened = named
        break
      }
      // A cache may not have heard yet of the secret that is current by now.
      if (!isFresh && store.hasCache) return yield * findSession(registration, cookies, true)
      suspects = [...suspects ?? [], named]
    }
    reason = found.rejected ?? (ending === null ? 'theft' : 'regenerated')
    id = keeping.idOf(key) ?? found.stored?.record.id ?? null
    if (reason === 'expired') reportExpired(registration, cookies, answer as SessionRecord)
    if (id !== null && ENDED.has(reason)) registration.signals.ended(id)
    if (reason === 'regenerated') endedBecause ??= endingIn((ending ?? answer as SessionRecord).meta)
  }
  if (suspects !== null) opened = yield * reportThefts(registration, cookies, suspects, opened)
  if (opened !== null) {
    const { record: { id, subject } } = opened.stored
    registration.publish(cookies, 'loaded', id, { subject })
    return opened
  }
  registration.publish(cookies, 'rejected', id, { reason: reason ?? carried.problem ?? keeping.keyless(carried.texts) })
  return { endedBecause }
}

function reportExpired (registration: Registration, cookies: CookieTransport, { id, subject }: SessionRecord): void {
  registration.publish(cookies, 'expired', id, { cause: 'expire', subject })
}

function endingIn (meta: SessionMeta | null): SessionEnding | null {
  return meta?.reason ?? (meta?.successor === undefined ? null : 'replaced')
}

/** `session.reload()`: drops local changes and reads the session again. Throws `SessionDestroyedError` where the record is gone. */
export function * reload (state: SessionState): Flow<void> {
  assertUsable(state)
  const { registration: { keeping, revoked, store }, base, token } = state
  // A session which was never stored keeps its id: the application may have seen the id already.
  if (base === null) return state.reload(null, {})
  // From a different library, and in no cookie of ours yet.
  if (token === null) return state.reload(base, store.codec.copyOf(base))
  const found = store.examine(yield * store.read(keeping.keyOf(token)!), base.record.id)
  if (found.rejected !== undefined || (revoked !== null && (yield * revoked.endingOf(found.stored.record, true)) !== null)) {
    state.markGone()
    throw new SessionDestroyedError('another request ended it')
  }
  state.reload(withOwner(state.registration, found.stored), found.data)
}
