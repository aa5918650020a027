import type { SessionPolicy, SessionRecord } from '../../types/index.d.ts'
import { SessionConflictError, SessionDestroyedError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import type { Registration } from '../store/registration.ts'
import { unconfirmed } from '../record/record.ts'
import { abandon, removeBlindly } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import { sendCookie } from './cookie.ts'
import { assertValid, type Draft, isEmpty } from './draft.ts'
import { isOver, type Origin, toStore, writeContextOf } from './records.ts'
import { assertNotRevoked, withMark } from './revocations.ts'
import type { SessionState } from './state.ts'

/** What a session becomes under a new id. */
export interface NewLife {
  readonly kind: 'regenerateId' | 'regenerate' | 'login'
  /** The data to go on with, made from the data which are stored when the old id dies, and from whose they are (`null`: a guest's). */
  dataToKeep (data: Payload, subject: string | null): Payload
  /** The data to start from where the old record is gone: nothing of the old session may come back. `null`: an error. */
  readonly dataIfGone: Payload | null
  /** `undefined` keeps the subject. */
  readonly subject?: string | null
  /** Whether the lifetime policy of a session of `subject` is kept. */
  keepsPolicyOf (subject: string | null): boolean
  readonly keepsCreation: boolean
  /** Whether `request.session` becomes a new object. */
  readonly isNewObject: boolean
}

/** The operations which give a session a new id, and what each keeps. */
export const NEW_LIVES = {
  /** A new id, and nothing else. */
  regenerateId: {
    kind: 'regenerateId', dataToKeep: data => data, dataIfGone: null, keepsPolicyOf: () => true, keepsCreation: true, isNewObject: false
  } as NewLife,

  /** A new life for a guest: only the listed keys stay, and the lifetime of one who was a guest before ("remember me"). */
  regenerate: (keys: readonly string[]): NewLife => ({
    kind: 'regenerate',
    dataToKeep: data => pick(data, keys),
    dataIfGone: {},
    subject: null,
    keepsPolicyOf: subject => subject === null,
    keepsCreation: false,
    isNewObject: true
  }),

  /** Somebody has signed in: both timeouts start anew. What a guest or the same subject had stays, and nothing of anybody else. */
  login: (subject: string, added: Payload): NewLife => {
    const isOwn = (owner: string | null): boolean => owner === null || owner === subject
    return {
      kind: 'login',
      dataToKeep: (data, owner) => isOwn(owner) ? { ...data, ...added } : added,
      dataIfGone: added,
      subject,
      keepsPolicyOf: isOwn,
      keepsCreation: false,
      isNewObject: false
    }
  }
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
  #isOver = false
  #text = ''
  #policy: SessionPolicy | null = null

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
    const { dataToKeep, dataIfGone, subject: newSubject = subject } = this.#life
    const data = dataToKeep(this.registration.store.codec.deserialize(text), subject)
    // Where nothing is kept, the data are of this deployment.
    yield * this.#store(data, newSubject, this.#keptPolicy(policy), data === dataIfGone ? undefined : writtenAs)
  }

  /** The old record is gone: a sign-in starts from nothing, and `regenerateId()` has nothing to go on with. */
  * writeAlone (): Flow<void> {
    const { dataIfGone, subject } = this.#life
    if (dataIfGone === null) throw new SessionDestroyedError('another request ended it')
    yield * this.#store(dataIfGone, subject ?? null, this.#keptPolicy(this.#old.policy))
  }

  /** A policy belongs to the stored session's subject: after `clear()` too, nobody else inherits the policy. */
  #keptPolicy (policy: SessionPolicy | null): SessionPolicy | null {
    return this.#life.keepsPolicyOf(this.#old.base?.record.subject ?? null) ? policy : null
  }

  /**
   * Whether the new record lives for a short time at first: with an old record there are two writes. Without compare-and-set or
   * `touch` a third write could undo a change.
   */
  get #isConfirmedLater (): boolean {
    const { keeping, store: { isAtomic, backend } } = this.registration
    return this.#old.base !== null && !keeping.isInCookie && isAtomic && backend.touch !== undefined
  }

  /** The old id is dead: the new record gets its deadline. Nothing waits; where this fails, the next request renews the session. */
  confirm (): void {
    const stored = this.#stored
    if (stored === null || stored.record.subject === null || !this.#isConfirmedLater) return
    const { store } = this.registration
    store.runAside(store.call('touch', this.id, () => store.backend.touch!(this.id, stored.record)))
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
    const draft = { ...codec.write(data), subject, policy, meta: withMark(null, this.#mark) }
    this.#text = draft.text
    this.#policy = policy
    if (isEmpty(draft, codec)) return yield * this.#remove()
    const stored = toStore(this, this.#stored, draft, writtenAs)
    if (isOver(this, stored)) return yield * this.#endOfTime(policy)
    assertValid(data, codec)
    const version = this.#stored?.record.version ?? 0
    this.#mayBeStored = true
    const sent = subject !== null && this.#isConfirmedLater ? { ...stored, record: unconfirmed(stored.record) } : stored
    const token = yield * keeping.insert(sent, version, this.#token, writeContextOf(this.#old, draft.text))
    if (token === null) throw yield * this.#reasonOfRefusal(subject)
    this.#token = token
    this.#stored = stored
    // Checked while the old session still stands: on a failure nothing has changed.
    const mark = yield * assertNotRevoked(this.registration, subject, this.#mark, this.#sameSession)
    if (mark === this.#mark) return
    // A revocation has spared the session, which keeps the mark from now on.
    this.#mark = mark
    yield * this.#store(data, subject, policy, writtenAs)
  }

  /** Why the new record was not stored: the id is random, and something stands under it, or does not stand under it any more. */
  * #reasonOfRefusal (subject: string | null): Flow<Error> {
    this.#mayBeStored = this.#stored !== null
    // A logout of the old session has followed it to the new id, after the first of two writes.
    if (this.#stored !== null) return new SessionDestroyedError('another request ended it')
    // The tombstone of a revocation.
    yield * assertNotRevoked(this.registration, subject, this.#mark, this.#sameSession)
    return new SessionConflictError('no free id was found')
  }

  /** `regenerateId()` keeps the age of the session: the age is above a lifetime that the request has set, or has come to be. */
  * #endOfTime (policy: SessionPolicy | null): Flow<void> {
    if (policy === (this.#old.base?.record.policy ?? null)) throw new SessionDestroyedError('its deadline has come')
    this.#isOver = true
    this.#text = this.registration.store.codec.emptyText
    yield * this.#remove()
  }

  /** Makes the request go on with the new session. */
  takeOver (sent: Draft): void {
    const { kind, isNewObject } = this.#life
    const old = this.#old
    const { cookies, base } = old
    const stored = this.#stored
    if (isNewObject) old.replaceObject(this.registration.store.codec.deserialize(this.#text))
    if (stored === null) {
      if (this.#isOver) old.becomesEmpty(this.registration.now(), null)
      else old.becomesEmpty(this.createdAt, this.#policy)
      if (!isNewObject) old.refreshLive({ text: this.#text, tree: null }, sent)
      // A cookie that is no session of ours may be the one which a parallel request has just been given.
      if (base !== null) cookies.clear(true)
    } else {
      old.adopt(stored, isNewObject ? old.draft(stored) : sent, this.#token)
      sendCookie(old, true)
    }
    if (base !== null || stored !== null) this.registration.publish(cookies.log, base === null ? 'created' : 'regenerated', old.id, kind)
  }
}
