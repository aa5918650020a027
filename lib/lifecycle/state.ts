import type { SessionEnding, SessionPolicy } from '../../types/index.d.ts'
import type { RoutePolicy } from '../config/routes.ts'
import type { BackendUnavailableError } from '../errors.ts'
import { dataOf } from '../payload/bag.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { isSameTree } from '../payload/tree.ts'
import type { Registration } from '../store/registration.ts'
import type { Arrival } from './arrival.ts'
import type { CookieTransport } from './cookie.ts'
import { type Draft, isChanged, isEmpty, NO_VALUES, type Values, withoutSignIn } from './draft.ts'
import { Live } from './live.ts'
import { nextDeadline } from './next-deadline.ts'
import { Progress } from './progress.ts'

/** How the live data are shown to the application: as own properties of an object which session/ makes. */
export interface Face {
  create (state: SessionState, data: Payload): Payload
  /** The object goes on showing the past, and takes no more changes. */
  leaveBehind (live: Payload, past: SessionState): void
}

/** `anonymous`: never stored. `gone`: the record is gone. `ended`: by `destroy()`. `past`: `regenerate()` left the object behind. */
type Phase = 'unloaded' | 'loaded' | 'anonymous' | 'gone' | 'ended' | 'past'

/**
 * A session in a request: the stored session as far as it is known, the application's changes, and where the session
 * stands. The questions and the transitions are here; no field is assigned from outside.
 */
export class SessionState {
  readonly registration: Registration
  readonly cookies: CookieTransport
  readonly route: RoutePolicy
  readonly #face: Face

  #phase: Phase = 'unloaded'
  #live: Live | null = null
  #base: Stored | null = null
  #token: string | null = null
  #id: string | null = null
  /** Those of the stored record, until the request changes one. */
  #values: Values = NO_VALUES
  #createdAt: number
  #isCleared = false
  #isTouchForced = false
  #hasNewId = false
  #endedBecause: SessionEnding | null = null
  #arrival: Arrival | null = null
  #progress: Progress | null = null // made when something waits or fails

  constructor (registration: Registration, cookies: CookieTransport, route: RoutePolicy, face: Face) {
    this.registration = registration
    this.cookies = cookies
    this.route = route
    this.#face = face
    this.#createdAt = registration.now()
  }

  // ------------------------------------------------------------------------------------------ where the session stands

  get phase (): Phase { return this.#phase }
  get isLoaded (): boolean { return this.#phase !== 'unloaded' }
  /** The live data, once loaded: own properties of the object behind `request.session`. */
  get live (): Payload | null { return this.#live?.bag ?? null }
  /** The stored session as far as the request knows: the base of its changes. `null` for a new session. */
  get base (): Stored | null { return this.#base }
  /** The cookie's text; `null` until the first write of a session in its cookie. */
  get token (): string | null { return this.#token }
  get subject (): Values['subject'] { return this.#values.subject }
  get policy (): Values['policy'] { return this.#values.policy }
  get meta (): Values['meta'] { return this.#values.meta }
  /** Why the session of the request's cookie has ended, where its tombstone tells. */
  get endedBecause (): SessionEnding | null { return this.#endedBecause }
  /** How the session came from a different library with this request; `null` for any other session. */
  get arrival (): Arrival | null { return this.#arrival }
  /** Whether our cookie for such a session is not on the reply yet. */
  get isArriving (): boolean { return this.#arrival?.isPending === true }
  /** Whether the id of the session was made in this request. */
  get hasNewId (): boolean { return this.#hasNewId || this.#base === null }
  get createdAt (): number { return this.#createdAt }
  get lastAccessedAt (): number { return this.#base?.record.lastAccessedAt ?? this.#createdAt }

  get id (): string {
    if (this.#id === null) this.renewIdentity()
    return this.#id!
  }

  get expiresAt (): number { return nextDeadline(this) }
  get progress (): Progress { return (this.#progress ??= new Progress()) }
  get loading (): PromiseLike<Error | null> | null { return this.#progress?.loading ?? null }
  get pending (): PromiseLike<unknown> | null { return this.#progress?.pending ?? null }
  get failure (): BackendUnavailableError | null { return this.#progress?.failure ?? null }

  /** What the request wants stored now. Throws `SessionSerializationError`. */
  draft (snapshot: Snapshot = this.#snapshot()): Draft {
    const { text, tree } = snapshot
    const { subject, policy, meta } = this.#values
    return { text, tree, assigned: this.#live!.assigned, subject, policy, meta, isCleared: this.#isCleared }
  }

  // Most requests only read: then the base is the snapshot, and nothing is made text.
  #snapshot (): Snapshot {
    const base = this.#base
    const data = dataOf(this.live!)
    return base?.tree && isSameTree(data, base.tree) ? base : this.registration.store.codec.write(data)
  }

  /** No data and no subject. Throws `SessionSerializationError`. */
  get isEmpty (): boolean { return isEmpty(this.draft(), this.registration.store.codec) }

  /** Throws `SessionSerializationError`. */
  get isModified (): boolean { return this.#live !== null && this.differs(this.draft()) }

  /** Whether a draft differs from the stored session. */
  differs (draft: Draft): boolean { return isChanged(this.#base, draft, dataOf(this.live!), this.registration.store.codec) }

  /** Whether a write of the request moves the idle deadline. */
  get isUse (): boolean { return this.#isTouchForced || !this.route.passive }

  /** Whether `touch()` was called since the last commit. */
  get isTouchForced (): boolean { return this.#isTouchForced }

  // ------------------------------------------------------------------------------------------ transitions: begin and end

  /** A fresh id under which nothing is stored. */
  renewIdentity (): void {
    const { id, token } = this.registration.keeping.newIdentity()
    this.#id = id
    this.#token = token
  }

  /** The session is loaded: from the backend, or empty. */
  begin (data: Payload, base: Stored | null, token: string | null, arrival: Arrival | null = null): void {
    if (base !== null) this.#takeOver(base, token)
    this.#arrival = arrival
    this.#live = new Live(this.#face.create(this, data), data)
    this.#phase = 'loaded'
  }

  /** An empty session in place of one that has ended. */
  beginAfter (ending: SessionEnding | null): void {
    this.begin({}, null, null)
    this.#endedBecause = ending
  }

  /** An empty session which is never stored: the backend is unavailable, or browsers do not send the cookie to this path. */
  beginAnonymous (): void {
    this.begin({}, null, null)
    this.#phase = 'anonymous'
  }

  /** Drops local changes: the session is as it is stored now, or still new. */
  reload (base: Stored | null, data: Payload): void {
    if (base === null) this.#values = NO_VALUES
    else this.#takeOver(base, this.#token)
    this.#isCleared = this.#isTouchForced = false
    this.#live!.replace(data)
  }

  /** The session starts over with nothing stored. */
  startEmpty (createdAt = this.registration.now(), policy: SessionPolicy | null = null): void {
    this.#phase = 'loaded'
    this.#leaveId()
    this.#base = this.#token = this.#id = null
    this.#values = { ...NO_VALUES, policy }
    this.#createdAt = createdAt
    this.#isCleared = this.#isTouchForced = false
  }

  /** The record is gone: the request writes nothing any more, and touches no cookie. */
  markGone (): void {
    this.#phase = 'gone'
    this.#leaveId()
    this.registration.publish(this.cookies, 'conflict', this.id, { reason: 'gone', subject: this.#base?.record.subject })
  }

  /** The request destroyed the session; objects kept from before read as empty. */
  end (): void {
    this.#phase = 'ended'
    this.#leaveId()
    this.#live!.clear()
    this.#values = { ...this.#values, subject: null }
    Object.freeze(this.live!)
  }

  /** Drops data and subject, and with the next commit also keys which parallel requests added meanwhile. */
  clear (): void {
    this.#live!.clear()
    const { policy, meta } = this.#values
    this.#values = { ...NO_VALUES, policy, meta: withoutSignIn(meta) }
    this.#isCleared = true
  }

  /** The next commit moves the idle deadline, whether or not a renewal is due. */
  forceRenewal (): void { this.#isTouchForced = true }

  setPolicy (policy: SessionPolicy): void { this.#values = { ...this.#values, policy } }

  // ------------------------------------------------------------------------------------------ transitions: what was stored

  /**
   * The session goes on as it is stored now. Changes of parallel requests appear in the live session, but not in keys which
   * the handler changed since the draft was taken: a `clear()` meanwhile must not bring the subject back.
   */
  adopt (base: Stored, sent: Draft, token: string | null = this.#token): void {
    const { subject, policy, meta } = this.#values
    const isCleared = this.#isCleared && !sent.isCleared
    this.#hasNewId ||= base.record.id !== this.#base?.record.id
    this.#takeOver(base, token)
    this.registration.store.codec.noteStored(base)
    this.#arrival?.settle()
    this.#phase = 'loaded'
    if (isCleared) this.#values = { ...this.#values, subject, meta }
    if (policy !== sent.policy) this.#values = { ...this.#values, policy }
    this.#isCleared = isCleared
    this.#isTouchForced = false
    this.refreshLive(base, sent)
  }

  /** Shows the stored payload in the live session. */
  refreshLive (stored: Snapshot, sent: Draft): void { this.#live!.refresh(sent, stored, this.registration.store.codec) }

  /** The id stands for no living session any more: its signals abort. */
  #leaveId (): void {
    if (this.#id !== null) this.registration.signals.ended(this.#id)
  }

  #takeOver (base: Stored, token: string | null): void {
    if (this.#id !== base.record.id) this.#leaveId()
    this.#base = base
    this.#token = token
    this.#id = base.record.id
    this.#values = base.record
    this.#createdAt = base.record.createdAt
  }

  /** `request.session` becomes a new object with these data; the object of before goes on showing the past. */
  replaceObject (data: Payload): void {
    const past = new SessionState(this.registration, this.cookies, this.route, this.#face)
    past.#createdAt = this.#createdAt
    past.#phase = 'past'
    past.#live = this.#live
    past.#base = this.#base
    past.#values = this.#values
    past.#id = this.id
    this.#face.leaveBehind(this.live!, past)
    this.#live = new Live(this.#face.create(this, data), data)
  }
}
