import type { Awaitable, SessionPolicy, SessionRecord, WriteContext } from '../../types/index.d.ts'
import type { Carrier } from './cookie-transport.ts'
import type { Payload } from '../payload/changes.ts'
import type { Base, Core } from '../store/registration.ts'
import { randomVersion } from '../crypto/random.ts'
import { BackendUnavailableError, SessionDestroyedError } from '../errors.ts'
import { deadlineOf, effectiveDeadline, isRenewalDue, usedAt } from '../record/lifetime.ts'
import { isChanged, type Wanted } from './draft.ts'
import { freezeRecord } from '../record/record.ts'
import type { RoutePolicy } from '../config/routes.ts'
import type { Written } from '../payload/serializer.ts'
import { idOfToken, newToken } from '../record/ids.ts'
import { isSameTree } from '../payload/tree.ts'
import { PayloadContext } from '../store/write-context.ts'

/** How the live data are shown to the application: as own properties of an object that it makes. */
export interface Face {
  create (context: SessionContext, data: Payload): Payload
  /** The object goes on showing the past, and takes no changes any more. */
  leaveBehind (live: Payload, past: SessionContext): void
}

/** `gone`: somebody else ended it; `ended`: this request did. */
type Phase = 'unloaded' | 'loaded' | 'anonymous' | 'gone' | 'ended'

/**
 * One session in one request: what was read, what is known to be stored, and where it stands. This is the state and its
 * transitions; what a request can do with it is in operations.ts.
 */
export class SessionContext {
  readonly core: Core
  readonly carrier: Carrier
  readonly route: RoutePolicy
  readonly #face: Face

  phase: Phase = 'unloaded'
  /** The live data, once loaded: own properties of the object behind `request.session`. */
  live: Payload | null = null
  /** What is stored, as far as this request knows; `null` for a new session. */
  base: Base | null = null
  /** The cookie's text for it. */
  token: string | null = null
  subject: string | null = null
  policy: SessionPolicy | null = null
  createdAt: number
  /** Whether `clear()` was called since the last commit. */
  isCleared = false
  /** Whether `touch()` was called since the last commit. */
  isTouchForced = false
  /** A failure of the backend that the answer must report, whatever became of the promise. */
  failure: BackendUnavailableError | null = null
  /** The load under way, or done. */
  loading: Awaitable<void> | null = null
  /** Settles when the last operation that had to wait is done; never rejects. */
  pending: PromiseLike<unknown> | null = null
  #id: string | null = null

  constructor (core: Core, carrier: Carrier, route: RoutePolicy, face: Face) {
    this.core = core
    this.carrier = carrier
    this.route = route
    this.#face = face
    this.createdAt = core.now()
  }

  // ------------------------------------------------------------------------------------------ state

  get isLoaded (): boolean { return this.phase !== 'unloaded' }

  get id (): string {
    if (this.#id === null) this.renewIdentity()
    return this.#id!
  }

  /** A fresh id that nothing is stored under. */
  renewIdentity (): void {
    const token = newToken()
    this.token = this.core.isSelfContained ? null : token
    // A cookie session's id is no hash: it is sealed inside, and half a token is as random as it needs to be.
    this.#id = this.core.isSelfContained ? token.slice(0, 22) : idOfToken(this.core.settings.property, token)
  }

  get expiresAt (): number {
    const { lifetime } = this.core.settings
    if (this.base !== null && this.policy === this.base.record.policy) return effectiveDeadline(this.base.record, lifetime)
    return deadlineOf({ createdAt: this.createdAt, lastAccessedAt: this.lastAccessedAt, policy: this.policy }, lifetime)
  }

  get lastAccessedAt (): number { return this.base?.record.lastAccessedAt ?? this.createdAt }

  get isModified (): boolean { return this.live !== null && this.differs(this.wanted()) }

  /** Whether this is another session than the stored one. */
  differs (wanted: Wanted): boolean { return isChanged(this.base, wanted, this.live!, this.core.codec) }

  /** Whether an unchanged session is to be written all the same: its deadline, or the secret that sealed it, is old. */
  get isRenewal (): boolean {
    const { base, core } = this
    if (base === null) return false
    if (this.isTouchForced || (core.isSelfContained && core.backend.isStale?.(this.token!) === true)) return true
    return !this.route.passive && isRenewalDue(base.record, core.settings.lifetime, core.now())
  }

  /** What the request wants stored at this moment. Throws `SessionSerializationError`. */
  wanted ({ text, tree }: Written = this.#written()): Wanted {
    return { text, tree, subject: this.subject, policy: this.policy, isCleared: this.isCleared }
  }

  #written (): Written {
    const { base } = this
    // Most requests only read.
    return base?.tree && isSameTree(this.live!, base.tree) ? base : this.core.codec.write(this.live!)
  }

  /**
   * The record to write: a new version, deadlines from this moment (unless the request does not count as use).
   *
   * @param writtenAs the `schemaVersion` that the data came with
   */
  recordOf (base: Base | null, { text, subject, policy }: Pick<Wanted, 'text' | 'subject' | 'policy'>, writtenAs: number = base?.record.schemaVersion ?? 1): SessionRecord {
    const { core } = this
    const now = core.now()
    const isUse = this.isTouchForced || !this.route.passive
    const id = base?.record.id ?? this.id
    const times = {
      createdAt: base?.record.createdAt ?? this.createdAt,
      lastAccessedAt: base === null ? Math.max(this.createdAt, now) : isUse ? usedAt(base.record, now) : base.record.lastAccessedAt,
      policy
    }
    return freezeRecord({
      id,
      version: randomVersion(),
      data: core.codec.seal(text, id),
      // Data of a newer deployment keep its version.
      schemaVersion: Math.max(core.codec.schemaVersion, writtenAs),
      ...times,
      expiresAt: deadlineOf(times, core.settings.lifetime),
      subject
    })
  }

  /** What a backend is told about a write of this text, which after a conflict or a transaction is not that of the live session. */
  writeContext (text: string): WriteContext {
    return new PayloadContext(this.core.codec, text, this.carrier.request)
  }

  /** A context for the same request with an id of its own, where a new life takes shape. */
  successor (): SessionContext { return new SessionContext(this.core, this.carrier, this.route, this.#face) }

  /** What the object that `regenerate()` leaves behind goes on showing. */
  past (): SessionContext {
    const past = this.successor()
    past.phase = 'loaded'
    past.base = this.base
    past.subject = this.subject
    past.policy = this.policy
    past.createdAt = this.createdAt
    past.#id = this.id
    return past
  }

  // ------------------------------------------------------------------------------------------ changes of state

  /** The session is loaded with these data. */
  begin (data: Payload): void {
    this.live = this.#face.create(this, data)
    this.phase = 'loaded'
  }

  /** `request.session` becomes another object; the one of before stays readable. */
  replaceObject (data: Payload): void {
    this.#face.leaveBehind(this.live!, this.past())
    this.live = this.#face.create(this, data)
  }

  /** Replaces the live data; the object stays. */
  replaceData (data: Payload): void {
    this.clearData()
    Object.assign(this.live!, data)
  }

  clearData (): void {
    const live = this.live!
    for (const key of Object.keys(live)) delete live[key]
  }

  /** Takes over what is stored now, but for the live data. */
  adopt (base: Base, token: string | null): void {
    this.base = base
    this.token = token
    this.#id = base.record.id
    this.subject = base.record.subject
    this.policy = base.record.policy
    this.createdAt = base.record.createdAt
  }

  /** Starts over with nothing stored. */
  startEmpty (): void {
    this.base = this.token = this.#id = this.subject = this.policy = null
    this.createdAt = this.core.now()
    this.isCleared = this.isTouchForced = false
  }

  /** The record is gone: nothing of this request is written any more, and no cookie is touched. */
  markGone (): void {
    this.phase = 'gone'
    this.core.publish(this.carrier.log, 'conflict', this.id, 'gone')
  }

  /** Ends the session for this request; objects kept from before read as empty. */
  end (): void {
    this.phase = 'ended'
    this.clearData()
    this.subject = null
    Object.freeze(this.live!)
  }

  /** Remembers a failure of the backend: the answer must report it, whatever becomes of the promise. */
  noteFailure (error: unknown, reason: 'load' | 'store' = 'store'): unknown {
    if (!(error instanceof BackendUnavailableError)) return error
    if (this.failure === null) this.core.publish(this.carrier.log, 'unavailable', this.base?.record.id ?? null, reason)
    this.failure ??= error
    return error
  }

  /** For what must not be dropped in silence while the backend is away. */
  assertAvailable (): void {
    if (this.phase !== 'anonymous') return
    throw new BackendUnavailableError(`${this.core.backendName} was unavailable when the session was loaded`)
  }

  /** Refuses an operation on a session that is gone, or while the backend is away. */
  assertUsable (): void {
    this.assertAvailable()
    // It may have waited for an operation that ended the session.
    if (this.phase === 'ended') throw new SessionDestroyedError('this request destroyed it')
    if (this.phase === 'gone') throw new SessionDestroyedError('another request ended it')
  }

  /** Whether something changed that no commit has seen; a payload that cannot be serialized did. */
  hasLeftovers (): boolean {
    if (this.phase !== 'loaded') return false
    try {
      return this.isModified
    } catch {
      return true
    }
  }
}
