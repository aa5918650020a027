import type { Awaitable, SessionPolicy, WriteContext } from '../types/index.d.ts'
import type { Carrier } from './carrier.ts'
import type { Payload } from './changes.ts'
import { commit, save, transaction } from './commit.ts'
import type { Base, Core } from './core.ts'
import { BackendContractError, BackendUnavailableError, SessionDestroyedError } from './errors.ts'
import { type Flow, isPromise } from './flow.ts'
import { ended, unloaded } from './guard.ts'
import { deadlineOf, effectiveDeadline } from './lifetime.ts'
import { findSession } from './load.ts'
import { assertOutsideTransaction, assertUsable, isChanged } from './plan.ts'
import { type NewLife, rotate } from './rotate.ts'
import type { RoutePolicy } from './routes.ts'
import { clearData, createSession, replaceData, type Session } from './session.ts'
import { idOfToken, newToken } from './token.ts'

/** `gone`: somebody else ended it; `ended`: this request did. */
type Phase = 'unloaded' | 'loaded' | 'anonymous' | 'gone' | 'ended'

/**
 * One session in one request: what was read, what is known to be stored, and where it stands. The operations are flows
 * in modules of their own (load, commit, rotate); this keeps their state and runs them.
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
  isInTransaction = false
  /** A failure of the backend that the answer must report, whatever became of the promise. */
  failure: BackendUnavailableError | null = null
  #id: string | null = null
  #loading: Awaitable<void> | null = null
  #guard: Session | null = null
  /** Settles when the operation under way is over. */
  #underWay: PromiseLike<void> | null = null

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
  text (): string { return this.core.codec.serialize(this.session!) }

  writeContext (data: Payload = { ...this.session }): WriteContext {
    const { request } = this.carrier
    return request === undefined ? { data } : { data, request }
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

  // ------------------------------------------------------------------------------------------ operations

  /** Loads the session once. An unreachable backend throws, or is an empty session where the route says so. */
  load (): Awaitable<void> {
    if (this.phase !== 'unloaded') return
    this.#loading ??= this.#startLoading()
    return this.#loading
  }

  /** Loads, and answers with the error instead of throwing it. */
  tryLoad (): Awaitable<Error | null> {
    try {
      const loading = this.load()
      return isPromise(loading) ? loading.then(() => null, (error: Error) => error) : null
    } catch (error) {
      return error as Error
    }
  }

  #startLoading (): Awaitable<void> {
    try {
      const loading = this.#inTurn(() => this.core.run(this.#load()))
      return isPromise(loading) ? loading.then(undefined, (error: unknown) => { this.#loadFailed(error) }) : loading
    } catch (error) {
      return this.#loadFailed(error)
    }
  }

  /** Loads at once; only a self-contained backend is asked so. */
  loadNow (): void {
    if (!isPromise(this.load())) return
    throw new BackendContractError(`${this.core.backendName}.read() must answer at once or be an async function: it is self-contained and answered with a promise`)
  }

  * #load (): Flow<void> {
    const found = yield * findSession(this.core, this.carrier.carried, this.carrier.log)
    this.session = createSession(this, found === null ? {} : this.core.codec.deserialize(found.base.text))
    if (found !== null) this.adopt(found.base, found.token)
    this.phase = 'loaded'
  }

  // "No session" and "no answer" are never mistaken for each other: this one is never stored and touches no cookie.
  #loadFailed (error: unknown): void {
    if (!(error instanceof BackendUnavailableError)) throw error
    this.core.publish(this.carrier.log, 'unavailable', null, 'load')
    if (this.route.onUnavailable !== 'anonymous' || this.route.required !== false) throw this.noteFailure(error)
    this.carrier.log.warn({ err: error }, `the session backend is unavailable: this request gets an empty session (${this.carrier.place})`)
    this.session = createSession(this, {})
    this.phase = 'anonymous'
  }

  reload (): Awaitable<void> { return this.#run(this.#reload()) }

  * #reload (): Flow<void> {
    assertUsable(this, 'reload()')
    const { core, base, token } = this
    if (base === null) {
      // Still the same session, with the id that it may have shown already.
      this.subject = this.policy = null
      this.isCleared = this.isTouchForced = false
      replaceData(this.session!, {})
      return
    }
    const { id } = base.record
    const key = core.isSelfContained ? token! : id
    const stored = core.standing(yield * core.call('read', () => core.backend.read(key)), id)
    if (stored === null) {
      this.markGone()
      throw new SessionDestroyedError('another request ended it')
    }
    this.adopt(stored, token)
    this.isCleared = this.isTouchForced = false
    replaceData(this.session!, core.codec.deserialize(stored.text))
  }

  /** What the end of the request does. Operations that nobody waited for come first: they may have failed. */
  commit (): Awaitable<void> {
    return this.#inTurn(() => this.#commit())
  }

  #commit (): Awaitable<void> {
    if (this.failure !== null) throw this.failure
    if (this.session === null) return
    if (this.phase === 'anonymous' && this.isModified) this.carrier.log.warn(`changes of the session are dropped, the backend is unavailable (${this.carrier.place})`)
    if (this.phase !== 'loaded') return
    return commit(this)
  }

  save (): Awaitable<void> { return this.#run(save(this)) }

  transaction<T> (fn: (data: Payload) => Awaitable<T>): Awaitable<T> { return this.#run(transaction(this, fn)) }

  rotate (life: NewLife): Awaitable<void> { return this.#run(rotate(this, life)) }

  destroy (): Awaitable<void> { return this.#run(this.#destroy()) }

  * #destroy (): Flow<void> {
    if (this.phase === 'ended') return
    assertOutsideTransaction(this, 'destroy()')
    this.assertAvailable()
    const { core, base } = this
    if (base !== null && !core.isSelfContained) {
      const { id } = base.record
      const turn = yield * core.queue.enter(id)
      try {
        yield * core.call('remove', () => core.backend.remove(id))
      } finally {
        turn.leave(null)
      }
    }
    if (base !== null) core.publish(this.carrier.log, 'destroyed', base.record.id)
    this.carrier.clear(true)
    this.end()
  }

  /** For what must not be dropped in silence while the backend is away. */
  assertAvailable (): void {
    if (this.phase !== 'anonymous') return
    throw new BackendUnavailableError(`${this.core.backendName} was unavailable when the session was loaded`)
  }

  #run<T> (flow: Flow<T>): Awaitable<T> {
    const operation = (): Awaitable<T> => {
      try {
        const result = this.core.run(flow)
        return isPromise(result) ? result.then(undefined, (error: unknown) => { throw this.noteFailure(error) }) : result
      } catch (error) {
        throw this.noteFailure(error)
      }
    }
    // Inside a transaction it would wait for itself; the flow says that it is refused.
    return this.isInTransaction ? operation() : this.#inTurn(operation)
  }

  /** One operation after the other, whether or not the caller waits: each finds the session as the one before left it. */
  #inTurn<T> (operation: () => Awaitable<T>): Awaitable<T> {
    const result = this.#underWay === null ? operation() : this.#underWay.then(operation)
    if (!isPromise(result)) return result
    const leave = () => { if (this.#underWay === over) this.#underWay = null }
    const over = result.then(leave, leave)
    this.#underWay = over
    return result
  }

  /** Remembers a failure of the backend: the answer must report it. */
  noteFailure (error: unknown): unknown {
    if (error instanceof BackendUnavailableError) this.failure ??= error
    return error
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
