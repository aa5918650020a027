import type { SessionRecord } from '../../types/index.d.ts'
import { SessionDestroyedError } from '../errors.ts'
import type { CookieTransport } from '../lifecycle/cookie.ts'
import { assertValid } from '../lifecycle/draft.ts'
import { endSession } from '../lifecycle/end.ts'
import { identified } from '../lifecycle/identity.ts'
import { NEW_LIVES, type SignInDetails } from '../lifecycle/new-lives.ts'
import { takePlace } from '../lifecycle/places.ts'
import { toStore } from '../lifecycle/records.ts'
import { withMarks } from '../record/marks.ts'
import { assertNotRevoked, beginSignIn, marksBefore, type SignIn } from '../lifecycle/revocations.ts'
import type { SessionState } from '../lifecycle/state.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import type { EventSource } from '../store/events.ts'
import type { Registration } from '../store/registration.ts'
import { abandon } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'

/** The sessions of a cookie's name, outside a request; http/ makes them. */
export interface CookieFormat {
  readonly registration: Registration
  /** The cookies of a `Cookie` header that have the name, without a response. */
  transport (header: string | undefined): CookieTransport
  /** The `Cookie` header for a session's text, under the name. */
  header (text: string): string
}

/** `app.sessions.create()`: a session that begins outside a request. */
export class Creation {
  readonly #state: SessionState
  readonly #registration: Registration
  readonly #formats: readonly CookieFormat[]
  readonly #source: EventSource
  readonly #called: SignIn

  constructor (state: SessionState, formats: readonly CookieFormat[], source: EventSource) {
    this.#state = state
    this.#registration = state.registration
    this.#formats = formats
    this.#source = source
    this.#called = beginSignIn(state.registration)
  }

  /** Answers with the `Cookie` header. */
  * run (data: Payload, subject: string | null, details: SignInDetails): Flow<string> {
    const registration = this.#registration
    const { keeping, store } = registration
    assertValid(data, store.codec)
    const snapshot = store.codec.write(data)
    const meta = subject === null ? null : NEW_LIVES.login(subject, data, details).metaToKeep(null, registration.now())
    const owner = identified(registration, { ...snapshot, subject, meta })
    const marks = yield * marksBefore(registration, owner, this.#called)
    const draft = { ...snapshot, subject: owner.subject, policy: null, meta: withMarks(owner.meta, marks) }
    const stored = toStore(this.#state, null, draft)
    const { id } = stored.record
    let isOver = keeping.isInCookie
    try {
      if (owner.subject !== null) yield * this.#takePlace(owner.subject)
      const token = yield * keeping.insert(stored, 0, this.#state.token, store.writeContext(stored.text, undefined))
      // `null`: a tombstone has the id.
      isOver ||= token === null
      if (token === null) throw new SessionDestroyedError('it was ended while it was created')
      yield * this.#endIfRevoked(stored.record, marks)
      isOver = true
      registration.publish(this.#source, 'created', id, { subject: owner.subject, cause: owner.subject === null ? undefined : 'login' })
      return yield * this.#header(stored, keeping.textOf(token, stored.record))
    } finally {
      // After an error of the store, and where the time limit has stopped this flow: the write may still be under way.
      if (!isOver) store.runAside(abandon(store, id, registration.now()))
    }
  }

  * #takePlace (subject: string): Flow<void> {
    const { id, registration } = this.#state
    yield * takePlace({ registration, subject, id, signIn: this.#called, source: this.#source })
  }

  /** The cookies of a stored session by all their names, so that requests of either scheme find the session. */
  * #header (stored: Stored, own: string): Flow<string> {
    const cookies: string[] = []
    for (const { registration: { keeping, store }, header } of this.#formats) {
      // A text that holds the session is bound to its cookie's name.
      const isSame = keeping === this.#registration.keeping
      const text = isSame ? own : yield * keeping.insert(stored, 0, null, store.writeContext(stored.text, undefined))
      cookies.push(header(text!))
    }
    return cookies.join('; ')
  }

  * #endIfRevoked (record: SessionRecord, marks: readonly number[]): Flow<void> {
    try {
      yield * assertNotRevoked(this.#registration, record, marks)
    } catch (error) {
      yield * endSession(this.#registration, record.id, record)
      throw error
    }
  }
}
