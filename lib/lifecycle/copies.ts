import { marksOf, withMarks } from '../record/marks.ts'
import type { RevokedCookies } from '../store/revoked-cookies.ts'
import type { Flow } from '../tools/flow.ts'
import type { Draft } from './draft.ts'
import { withAbout } from './identity.ts'
import { beginSignIn, marksBefore } from './revocations.ts'
import type { SessionState } from './state.ts'

// Sessions in cookies, where the option `revocation` of the backend keeps what was ended. Without it nothing here asks anybody.

/** Whether the session of a request has ended since it was loaded. */
export function * hasEnded ({ base, isArriving }: SessionState, revoked: RevokedCookies): Flow<boolean> {
  if (base === null || isArriving) return false
  return (yield * revoked.endingOf(base.record)) !== null
}

/** The first draft of a session, which comes after all revocations until now. */
export function * beginning (state: SessionState, draft: Draft): Flow<Draft> {
  const { registration } = state
  const meta = withAbout(state, draft.meta)
  if (registration.revoked === null || marksOf(meta).length > 0) return { ...draft, meta }
  const marks = yield * marksBefore(registration, draft, beginSignIn(registration))
  return { ...draft, meta: withMarks(meta, marks) }
}
