import { BackendUnavailableError, NotSupportedError, SessionDestroyedError } from '../errors.ts'
import type { SessionState } from './state.ts'

/** Refuses an operation which must not be dropped in silence. Throws `BackendUnavailableError` after a load without a backend. */
export function assertAvailable ({ phase, cookies, registration }: SessionState): void {
  if (phase !== 'anonymous') return
  if (cookies.isOutside) throw new NotSupportedError('A request outside `cookie.path`', 'a session that is stored')
  throw new BackendUnavailableError(`${registration.store.name} was unavailable when the session was loaded`)
}

/** Also refuses an operation on a session which has ended, perhaps while the operation waited. Throws `SessionDestroyedError`. */
export function assertUsable (state: SessionState): void {
  assertAvailable(state)
  if (state.phase === 'ended') throw new SessionDestroyedError('this request destroyed it')
  if (state.phase === 'gone') throw new SessionDestroyedError('another request ended it')
}
