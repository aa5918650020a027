import type { EndSignal } from '../store/end-signals.ts'
import { SessionDestroyedError } from '../errors.ts'
import type { SessionState } from './state.ts'

/** The signals that were asked for, by the session of the request. */
const signals = new WeakMap<SessionState, EndSignal>()

/** `session.signal`: the same signal for as long as the session keeps its id. */
export function signalOf (state: SessionState): AbortSignal {
  const known = signals.get(state)
  const isOver = state.phase === 'gone' || state.phase === 'ended' || state.phase === 'past'
  if (isOver) return known?.signal ?? AbortSignal.abort(new SessionDestroyedError('it ended'))
  if (known?.id === state.id) return known.signal
  const { base, isArriving, registration } = state
  const given = registration.signals.give(state.id, isArriving ? null : base?.record ?? null, state)
  signals.set(state, given)
  return given.signal
}

/** The response or the socket is closed: nobody waits for the end of the session any more. */
export function releaseSignal (state: SessionState): void {
  signals.get(state)?.release()
}
