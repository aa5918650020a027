import type { Awaitable, SessionPolicy, WriteContext } from '../types/index.d.ts'
import type { Carrier } from './carrier.ts'
import type { Payload } from './changes.ts'
import type { Base, Core } from './core.ts'
import { BackendUnavailableError } from './errors.ts'
import { ended, unloaded } from './guard.ts'
import { deadlineOf, effectiveDeadline } from './lifetime.ts'
import { loadSession } from './operations.ts'
import { isChanged } from './plan.ts'
import type { RoutePolicy } from './routes.ts'
import type { Written } from './serializer.ts'
import { clearData, type Session } from './session.ts'
import { idOfToken, newToken } from './token.ts'
import { isSameTree } from './tree.ts'
import { PayloadContext } from './write-context.ts'

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

  phase: Phase = 'unloaded'
  /** The object behind `request.session`, once loaded. */
  session: Session | null = null
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
  /** The live data as they were when they were last made text. */
  #written: Written | null = null
  #id: string | null = null
  #guard: Session | null = null

  constructor (core: Core, carrier: Carrier, route: RoutePolicy) {
    this.core = core
    this.carrier = carrier
    this.route = route
    this.createdAt = core.now()
  }

  // ------------------------------------------------------------------------------------------ state

  /** What `request.session` is at this moment. */
  get visible (): Session {
    if (this.session !== null && this.phase !== 'ended') return this.session
    this.#guard ??= this.phase === 'ended' ? ended(this.session!) : unloaded(this)
    return this.#guard
  }

  /** For the stand-in of a session that is not loaded. */
  load (): Awaitable<void> { return loadSession(this) }

  get isLoaded (): boolean { return this.phase !== 'unloaded' }

  /** What to do about a session that is not loaded. */
  get hint (): string { return `The session is not loaded (${this.carrier.place}): await request.${this.core.settings.property}.load() first, or turn autoload on` }

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

  get isModified (): boolean { return this.session !== null && isChanged(this, this.text()) }

  /** The live data as text. Throws `SessionSerializationError`. */
  text (): string {
    const { base, session } = this
    // Most requests only read.
    if (base?.tree && isSameTree(session!, base.tree)) return base.text
    this.#written = this.core.codec.write(session!)
    return this.#written.text
  }

  /** What a text of the live data said, for telling later that nothing changed since; `null` when it is not known. */
  treeOf (text: string): Payload | null {
    if (this.#written?.text === text) return this.#written.tree
    return this.base?.text === text ? this.base.tree : null
  }

  /** What a backend is told about a write of this text, which after a conflict or a transaction is not that of the live session. */
  writeContext (text: string): WriteContext {
    return new PayloadContext(this.core.codec, text, this.carrier.request)
  }

  /** A context for the same request with an id of its own, where a new life takes shape. */
  successor (): SessionContext { return new SessionContext(this.core, this.carrier, this.route) }

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
    this.#guard = null
    const session = this.session!
    clearData(session)
    this.subject = null
    Object.freeze(session)
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
