import { NotSupportedError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { Flow } from '../tools/flow.ts'
import { Commit } from './commit.ts'
import type { CommitOptions, Draft } from './draft.ts'
import { endSession } from './end.ts'
import { identified, subjectIn } from './identity.ts'
import { withMarks } from '../record/marks.ts'
import { type Owner } from './revocations.ts'
import { type SignedIn, signIn } from './sign-ins.ts'
import type { SessionState } from './state.ts'

/**
 * Stores a draft. Where the data name a subject that the session did not have (option `subject`), the commit is a sign-in: it comes
 * before or after each revocation, and takes a place.
 */
export function * storeDraft (state: SessionState, draft: Draft, options: CommitOptions): Flow<void> {
  const owner = options.hasChanged ? appearing(state, draft) : null
  if (owner === null) return yield * new Commit(state, draft, guarded(state, options)).run()
  if (!state.hasNewId) reportFixation(state, owner)
  yield * storeSignIn(state, draft, owner, options)
}

/** Whose session it becomes with this draft; `null` where it stays whose it was, or becomes nobody's. */
function appearing ({ registration }: SessionState, draft: Draft): (Owner & { readonly subject: string }) | null {
  if (registration.settings.subject === null) return null
  const { subject, meta } = identified(registration, draft)
  return subject === null || subject === draft.subject ? null : { subject, meta }
}

function * storeSignIn (state: SessionState, draft: Draft, owner: SignedIn['owner'], options: CommitOptions): Flow<void> {
  const { registration, id, cookies } = state
  yield * signIn({
    registration,
    owner,
    id,
    source: cookies,
    * store (marks) {
      yield * new Commit(state, { ...draft, ...owner, meta: withMarks(owner.meta, marks) }, options).run()
      return state.subject === owner.subject
    },
    * end () {
      yield * endSession(registration, state.id, state.base!.record, { meta: { reason: 'revoked' } })
      state.markGone()
      cookies.clear(true)
    }
  })
}

/** A session that was there before its user signed in may be one that an attacker has planted (session fixation). */
function reportFixation ({ registration, cookies, base }: SessionState, { subject }: Owner): void {
  // Stored before the option `subject` was there.
  if (base === null || subjectIn(registration, base) === subject) return
  registration.publish(cookies, 'conflict', base.record.id, { reason: 'fixation', subject })
  const text = `somebody signed in without a new id of the session (session fixation): call regenerate() or login() (${cookies.place})`
  registration.warn(cookies.log, 'fixation', text)
}

/** What is counted and compared with revocations is a request's own sign-in, which a transaction's function would hide. */
function guarded (state: SessionState, options: CommitOptions): CommitOptions {
  const { edit } = options
  const { registration } = state
  if (edit === undefined || registration.settings.subject === null) return options
  return {
    ...options,
    async edit (data: Payload) {
      const { codec } = registration.store
      const before = subjectIn(registration, codec.write(data))
      await edit(data)
      const after = subjectIn(registration, codec.write(data))
      if (after !== before && after !== null) throw new NotSupportedError('A transaction', 'signing in', 'change the subject outside of it')
    }
  }
}
