import type { SessionPolicy, SessionRecord } from '../../types/index.d.ts'
import { SessionConflictError, SessionDestroyedError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import type { Registration } from '../store/registration.ts'
import { abandon, removeBlindly } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import { sendCookie } from './cookie.ts'
import { assertValid, type Draft, isEmpty } from './draft.ts'
import { type Origin, toStore, writeContextOf } from './records.ts'
import { assertNotRevoked, withMark } from './revocations.ts'
import type { SessionState } from './state.ts'

/** What a session becomes under a new id. */
export interface NewLife {
  readonly kind: 'regenerateId' | 'regenerate' | 'login'
  /** The data to go on with, made from the data which are stored when the old id dies. */
  dataToKeep (data: Payload): Payload
  /** The data to start from where the old record is gone: nothing of the old session may come back. `null`: an error. */
  readonly dataIfGone: Payload | null
  /** `undefined` keeps the subject. */
  readonly subject?: string | null
  readonly keepsPolicy: boolean
  readonly keepsCreation: boolean
  /** Whether `request.session` becomes a new object. */
  readonly isNewObject: boolean
}

/** The operations which give a session a new id, and what each keeps. */
export const NEW_LIVES = {
  /** A new id, and nothing else. */
  regenerateId: {
    kind: 'regenerateId', dataToKeep: data => data, dataIfGone: null, keepsPolicy: true, keepsCreation: true, isNewObject: false
  } as NewLife,

  /** A new life for a guest: only the listed keys stay. */
  regenerate: (keys: readonly string[]): NewLife => ({
    kind: 'regenerate',
    dataToKeep: data => pick(data, keys),
    dataIfGone: {},
    subject: null,
    keepsPolicy: false,
    keepsCreation: false,
    isNewObject: true
  }),

  /** Somebody has signed in: both timeouts start anew, and data of the guest stay. */
  login: (subject: string, added: Payload): NewLife => ({
    kind: 'login',
    dataToKeep: data => ({ ...data, ...added }),
    dataIfGone: added,
    subject,
    keepsPolicy: true,
    keepsCreation: false,
    isNewObject: false
  })
}

function pick (data: Payload, keys: readonly string[]): Payload {
  return Object.fromEntries(keys.filter(key => Object.hasOwn(data, key)).map(key => [key, data[key]]))
}

/** The session under its new id, until the request takes it over. */
export class Successor implements Origin {
  readonly registration: Registration
  readonly id: string
  readonly createdAt: number
  readonly isUse: boolean
  readonly #old: SessionState
  readonly #life: NewLife
  /** The old session where it only gets a new id: a revocation may have spared the session. */
  readonly #sameSession: SessionRecord | undefined
  #mark: number | undefined
  #token: string | null
  #stored: Stored | null = null
  #mayBeStored = false
  #text = ''

  /** @param mark the mark of the subject's last revocation */
  constructor (old: SessionState, life: NewLife, mark: number | undefined) {
    const { registration } = old
    const { id, token } = registration.keeping.newIdentity()
    this.registration = registration
    this.id = id
    this.createdAt = life.keepsCreation ? old.createdAt : registration.now()
    this.isUse = !old.route.passive
    this.#old = old
    this.#life = life
    this.#sameSession = life.subject === undefined ? old.base?.record : undefined
    this.#mark = mark
    this.#token = token
  }

  /** What the old record's tombstone says; `null` where nothing of the old session goes on. */
  forwarding (): { id: string, now: number } | null {
    return this.#stored === null ? null : { id: this.id, now: this.registration.now() }
  }

  /** Stores the new record, or what has become of it since the last try. */
  * write ({ text, subject, policy }: Draft, writtenAs?: number): Flow<void> {
    const { dataToKeep, subject: newSubject, keepsPolicy } = this.#life
    const data = dataToKeep(this.registration.store.codec.deserialize(text))
    yield * this.#store(data, newSubject === undefined ? subject : newSubject, keepsPolicy ? policy : null, writtenAs)
  }

  /** The old record is gone: a sign-in starts from nothing, and `regenerateId()` has nothing to go on with. */
  * writeAlone (): Flow<void> {
    const { dataIfGone, subject, keepsPolicy } = this.#life
    if (dataIfGone === null) throw new SessionDestroyedError('another request ended it')
    yield * this.#store(dataIfGone, subject ?? null, keepsPolicy ? this.#old.policy : null)
  }

  /** Takes the new record back, also where its write may still be under way. Nothing waits for that. */
  abandon (): void {
    const { keeping, store } = this.registration
    if (this.#mayBeStored && !keeping.isInCookie) store.runAside(abandon(store, this.id, this.registration.now()))
  }

  /** After an error: no client has the new token, but the record would be listed among the sessions of its subject. */
  * takeBack (): Flow<void> {
    if (this.#stored === null) this.abandon()
    else yield * this.#remove()
  }

  /** Removes the new record, if it is stored. */
  * #remove (): Flow<void> {
    if (this.#stored === null || this.registration.keeping.isInCookie) return
    yield * removeBlindly(this.registration.store, this.id)
    this.#stored = null
  }

  * #store (data: Payload, subject: string | null, policy: SessionPolicy | null, writtenAs?: number): Flow<void> {
    const { keeping, store: { codec } } = this.registration
    const draft = { ...codec.write(data), subject, policy: withMark(policy, this.#mark) }
    this.#text = draft.text
    if (isEmpty(draft, codec)) return yield * this.#remove()
    assertValid(data, codec)
    const stored = toStore(this, this.#stored, draft, writtenAs)
    const version = this.#stored?.record.version ?? 0
    this.#mayBeStored = true
    const token = yield * keeping.insert(stored, version, this.#token, writeContextOf(this.#old, draft.text))
    if (token === null) {
      // A different session has the id.
      this.#mayBeStored = false
      throw new SessionConflictError('no free id was found')
    }
    this.#token = token
    this.#stored = stored
    // Checked while the old session still stands: on a failure nothing has changed.
    const mark = yield * assertNotRevoked(this.registration, subject, this.#mark, this.#sameSession)
    if (mark === this.#mark) return
    // A revocation has spared the session, which keeps the mark from now on.
    this.#mark = mark
    yield * this.#store(data, subject, policy, writtenAs)
  }

  /** Makes the request go on with the new session. */
  takeOver (sent: Draft): void {
    const { kind, isNewObject, keepsPolicy } = this.#life
    const old = this.#old
    const { cookies, base, policy } = old
    const stored = this.#stored
    if (isNewObject) old.replaceObject(this.registration.store.codec.deserialize(this.#text))
    if (stored === null) {
      old.becomesEmpty(this.createdAt, keepsPolicy ? policy : null)
      if (!isNewObject) old.refreshLive({ text: this.#text, tree: null }, sent)
      cookies.clear(true)
    } else {
      old.adopt(stored, isNewObject ? old.draft(stored) : sent, this.#token)
      sendCookie(old, true)
    }
    if (base !== null || stored !== null) this.registration.publish(cookies.log, base === null ? 'created' : 'regenerated', old.id, kind)
  }
}
