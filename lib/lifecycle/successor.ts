import type { SessionMeta, SessionPolicy, SessionRecord } from '../../types/index.d.ts'
import { SessionConflictError, SessionDestroyedError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import type { Registration } from '../store/registration.ts'
import { withoutCap } from '../record/lifetime.ts'
import { unconfirmed } from '../record/record.ts'
import { abandon, removeBlindly } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import { sendCookie } from './cookie.ts'
import { assertValid, type Draft, isEmpty } from './draft.ts'
import { identified, withAbout } from './identity.ts'
import type { NewLife } from './new-lives.ts'
import { takePlace } from './places.ts'
import { isOver, type Origin, toStore, writeContextOf } from './records.ts'
import { marksOf, withMarks } from '../record/marks.ts'
import { assertNotRevoked, marksBefore, type Owner, type SignIn } from './revocations.ts'
import type { SessionState } from './state.ts'

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
  readonly #signIn: SignIn
  /** The marks of the revocations which the session comes after; known before the first write. */
  #marks: readonly number[] | undefined
  #hasPlace = false
  /** Whether the old session, whose place the new one would keep, is gone. */
  #isAlone = false
  #token: string | null
  #stored: Stored | null = null
  #mayBeStored = false
  #isOver = false
  #text = ''
  #policy: SessionPolicy | null = null

  constructor (old: SessionState, life: NewLife, signIn: SignIn) {
    const { registration } = old
    const { id, token } = registration.keeping.newIdentity()
    this.registration = registration
    this.id = id
    this.createdAt = life.keepsCreation ? old.createdAt : registration.now()
    this.isUse = !old.route.passive
    this.#old = old
    this.#life = life
    this.#sameSession = life.subject === undefined ? old.base?.record : undefined
    this.#signIn = signIn
    this.#token = token
  }

  /** What the old record's tombstone says; nothing where nothing of the old session goes on. */
  forwarding (): { meta?: SessionMeta } {
    return this.#stored === null ? {} : { meta: { successor: this.id } }
  }

  /** Stores the new record, or what has become of it since the last try. */
  * write ({ text, subject, policy, meta }: Draft, writtenAs?: number): Flow<void> {
    const { dataToKeep, dataIfGone, subject: newSubject = subject } = this.#life
    const data = dataToKeep(this.registration.store.codec.deserialize(text), subject)
    const owner = { subject: newSubject, meta: this.#life.metaToKeep(meta, this.registration.now()) }
    // Where nothing is kept, the data are of this deployment.
    yield * this.#store(data, owner, this.#keptPolicy(policy), data === dataIfGone ? undefined : writtenAs)
  }

  /** The old record is gone: a sign-in starts from nothing, and `regenerateId()` has nothing to go on with. */
  * writeAlone (): Flow<void> {
    const { dataIfGone, subject = null, metaToKeep } = this.#life
    if (dataIfGone === null) throw new SessionDestroyedError('another request ended it')
    this.#isAlone = true
    yield * this.#store(dataIfGone, { subject, meta: metaToKeep(null, this.registration.now()) }, this.#keptPolicy(this.#old.policy))
  }

  /** A policy belongs to the stored session's subject: after `clear()` too, nobody else inherits the policy. */
  #keptPolicy (policy: SessionPolicy | null): SessionPolicy | null {
    if (!this.#life.keepsPolicyOf(this.#old.base?.record.subject ?? null)) return null
    return this.#life.keepsCreation ? policy : withoutCap(policy)
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
    const { record } = stored
    store.runAside(store.call('touch', this.id, () => store.backend.touch!(this.id, record), record.data))
  }

  /** Takes the new record back, also where its write may still be under way. Nothing waits for that. */
  abandon (): void {
    const { keeping, store } = this.registration
    if (this.#mayBeStored && !keeping.isInCookie) store.runAside(abandon(store, this.id, this.registration.now()))
  }

  /** After an error: no client has the new token, but the record would be listed among the sessions of its subject. */
  * takeBack (): Flow<void> {
    // A tombstone gives the place back.
    if (this.#stored === null || this.#hasPlace) this.abandon()
    else yield * this.#remove()
  }

  /** Removes the new record, if it is stored. */
  * #remove (): Flow<void> {
    if (this.#stored === null || this.registration.keeping.isInCookie) return
    yield * removeBlindly(this.registration.store, this.id)
    this.#stored = null
  }

  * #store (data: Payload, owner: Owner, policy: SessionPolicy | null, writtenAs?: number): Flow<void> {
    const { keeping, store: { codec } } = this.registration
    const snapshot = codec.write(data)
    const { subject, meta } = identified(this.registration, { ...snapshot, ...owner })
    this.#marks ??= yield * this.#marksBefore({ subject, meta })
    const about = this.#life.asksAbout ? withAbout(this.#old, meta) : meta
    const draft = { ...snapshot, subject, policy, meta: withMarks(about, this.#marks) }
    this.#text = draft.text
    this.#policy = policy
    if (isEmpty(draft, codec)) return yield * this.#remove()
    const stored = toStore(this, this.#stored, draft, writtenAs)
    if (isOver(this, stored)) return yield * this.#endOfTime(policy)
    assertValid(data, codec)
    yield * this.#takePlace(draft.subject)
    const version = this.#stored?.record.version ?? 0
    this.#mayBeStored = true
    const sent = draft.subject !== null && this.#isConfirmedLater ? { ...stored, record: unconfirmed(stored.record) } : stored
    const token = yield * keeping.insert(sent, version, this.#token, writeContextOf(this.#old, draft.text))
    if (token === null) throw yield * this.#reasonOfRefusal(stored.record)
    this.#token = token
    this.#stored = stored
    // Checked while the old session still stands: on a failure nothing has changed.
    const marks = yield * assertNotRevoked(this.registration, stored.record, this.#marks, this.#sameSession)
    if (marks === this.#marks) return
    // A revocation has spared the session, which keeps the mark from now on.
    this.#marks = marks
    yield * this.#store(data, owner, policy, writtenAs)
  }

  /** A session that only gets a new id keeps its marks. Whoever signs in comes after the revocations of before. */
  * #marksBefore (owner: Owner): Flow<readonly number[]> {
    const isSame = this.#life.subject === undefined && owner.subject === this.#old.subject && !this.#isFirstCopy
    return isSame ? marksOf(this.#old.meta) : yield * marksBefore(this.registration, owner, this.#signIn)
  }

  /** A first session in its cookie: it comes after all revocations of everybody. */
  get #isFirstCopy (): boolean { return this.#old.base === null && this.registration.revoked !== null }

  /** Of the places that `maxSessionsPerSubject` gives. A session of the same subject hands its place on. */
  * #takePlace (subject: string | null): Flow<void> {
    const isKept = !this.#isAlone && subject === (this.#old.base?.record.subject ?? null)
    if (subject === null || this.#hasPlace || isKept) return
    const { cookies: source, registration } = this.#old
    this.#hasPlace = this.#mayBeStored = yield * takePlace({ registration, subject, id: this.id, signIn: this.#signIn, source })
  }

  /** Why the new record was not stored: the id is random, and something stands under it, or does not stand under it any more. */
  * #reasonOfRefusal (record: SessionRecord): Flow<Error> {
    this.#mayBeStored = this.#stored !== null
    // A logout of the old session has followed it to the new id, after the first of two writes.
    if (this.#stored !== null) return new SessionDestroyedError('another request ended it')
    // The tombstone of a revocation, or of a later sign-in that took the place.
    yield * assertNotRevoked(this.registration, record, this.#marks!, this.#sameSession)
    // A sign-in which a revocation that had begun before has met on its way.
    if (this.#marks!.length > 0) return new SessionDestroyedError('the sessions of its subject were revoked')
    if (this.#hasPlace) return new SessionDestroyedError('a later sign-in took its place')
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
      if (this.#isOver) old.startEmpty()
      else old.startEmpty(this.createdAt, this.#policy)
      if (!isNewObject) old.refreshLive({ text: this.#text, tree: null }, sent)
      // A cookie that is no session of ours may be the one which a parallel request has just been given.
      if (base !== null) cookies.clear(true)
    } else {
      old.adopt(stored, isNewObject ? old.draft(stored) : sent, this.#token)
      sendCookie(old, true)
    }
    const details = { reason: kind, cause: kind === 'login' ? 'login' : 'rotate', subject: old.subject } as const
    if (base !== null || stored !== null) this.registration.publish(cookies, base === null ? 'created' : 'regenerated', old.id, details)
  }
}
