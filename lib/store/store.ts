import type { FastifyRequest } from 'fastify'
import type { Awaitable, BackendCall, Instant, SessionBackend, SessionRecord, WriteContext } from '../../types/index.d.ts'
import type { Settings } from '../config/options.ts'
import { BackendContractError, BackendUnavailableError, isOwnError, NotSupportedError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { PayloadCodec, Stored, Unreadable } from '../payload/codec.ts'
import { effectiveDeadline, isExpired, lifetimeOf } from '../record/lifetime.ts'
import { isRecord } from '../record/record.ts'
import { Deadlines } from '../tools/deadlines.ts'
import { type Flow, isPromise, run, runUsual, type Usual } from '../tools/flow.ts'
import { Breakers, type OnBreaker } from './breakers.ts'
import { BackendCalls, type Outcome } from './calls.ts'
import { harmlessCause } from './cause.ts'
import { PayloadContext } from './payload-context.ts'

/** Why a cookie is no session: the `reason` of `rejected` events. */
export type Rejection = Unreadable | 'malformed' | 'oversized' | 'incomplete' | 'unknown' | 'forged' | 'regenerated' | 'expired' | 'theft'

/** A backend's answer, judged: a session with its payload (the caller's own copy), or the reason why there is none. */
export type Examined =
  { readonly stored: Stored, readonly data: Payload, readonly rejected?: undefined } |
  { readonly stored?: undefined, readonly rejected: Rejection }

/** What a conditional write came to. `theirs` is the record which stands instead; `null` where the backend does not say. */
export type PutAnswer = { readonly written: true } | Refused
export interface Refused { readonly written: false, readonly theirs: SessionRecord | null }

/** What is to hear at once of what is stored. */
export interface Observer {
  stored (record: SessionRecord): void
  ended (id: string): void
}

export const WRITTEN: PutAnswer = Object.freeze({ written: true })
/** What messages say of a method whose name is no verb of theirs. */
const WORDS: Readonly<Partial<Record<BackendCall['operation'], string>>> = Object.freeze({ exists: 'look for', prepare: 'prepare for' })

/** The backend as sessions see it: every call in time, every answer checked, failing fast while the backend is down. */
export class Store {
  readonly backend: SessionBackend
  readonly codec: PayloadCodec
  /** The class of the backend, for messages. */
  readonly name: string
  readonly observer: Observer
  readonly #settings: Settings
  readonly #calls: BackendCalls
  readonly #breakers: Breakers
  readonly #deadlines: Deadlines

  /** @param backend the backend of `settings`, bound to the registration */
  constructor (settings: Settings, backend: SessionBackend, onBreaker: OnBreaker, observer: Observer) {
    this.backend = backend
    this.observer = observer
    this.codec = settings.codec
    this.name = settings.backend.constructor?.name ?? 'The backend'
    this.#settings = settings
    this.#calls = new BackendCalls(backend, settings.property, this.name)
    const { timeoutMs: limit } = settings
    this.#deadlines = new Deadlines(limit, () => new BackendUnavailableError(`${this.name} did not answer within ${limit} ms`))
    this.#breakers = new Breakers(this.#calls, settings.timeoutMs, onBreaker)
  }

  /** Whether loads of requests may be answered from what this process knows. */
  get hasCache (): boolean { return this.backend.readFresh !== undefined }
  get isAtomic (): boolean { return this.backend.atomic === true }

  /** When a stored session ends. */
  deadline (record: SessionRecord): number { return effectiveDeadline(record, this.#settings.lifetime) }

  /** When a session ends whatever its use is. */
  lastDeadline (createdAt: Instant, policy: SessionRecord['policy']): Instant {
    return Math.min(createdAt + lifetimeOf(policy, this.#settings.lifetime).absoluteMs, policy?.until ?? Infinity)
  }

  /** Runs a flow within `timeout`: drivers may never settle. Throws `BackendUnavailableError` when the time is over. */
  run<T> (flow: Flow<T>): Awaitable<T> { return run(flow, this.#deadlines) }
  runUsual (usual: Usual<void>): Awaitable<void> { return runUsual(usual, this.#deadlines) }

  /** Whether the backend may be called without a flow: nobody traces, and the server of the id is not down. */
  mayCall (id: string): boolean { return !this.#calls.isTraced && this.#breakers.of(id)?.admits !== false }
  /** Tells whether a call without a flow was answered in time. */
  noteCall (id: string, isAnswered: boolean): void { this.#breakers.of(id)?.[isAnswered ? 'succeed' : 'fail']() }

  /**
   * Runs a flow that nothing waits for, such as cleaning up after a time-out. A failure is nobody's: the flow was a courtesy.
   */
  runAside (flow: Flow<unknown>): void {
    const running = async () => await this.run(flow)
    running().catch(() => {})
  }

  /**
   * Calls the backend. Any error of a driver becomes a `BackendUnavailableError`, whose cause tells nothing of what was sent.
   *
   * @param operation the method of the backend
   * @param id the id which the call is about; `null` for a call about many sessions
   * @param sent the payload or the cookie's text which goes to the backend
   */
  * call<T> (operation: BackendCall['operation'], id: string | null, send: () => Awaitable<T>, sent: string | null = null): Flow<T> {
    const breaker = this.#breakers.of(id)
    if (breaker?.admits === false) throw new BackendUnavailableError(`${this.name} is down; sessions fail fast until it answers again`)
    let outcome: Outcome<T> | undefined
    try {
      outcome = yield * this.#calls.make(operation, id, send, sent)
    } finally {
      // Stopped by the time limit before the backend has answered. Waiting in a queue, or for the application, does not count.
      if (outcome === undefined) breaker?.fail()
    }
    if (!outcome.hasFailed) {
      breaker?.succeed()
      return outcome.result
    }
    const { failure } = outcome
    if (isOwnError(failure) && failure.cause === undefined) {
      // An error of ours without `cause` concerns a single session (too large, say): the backend did answer.
      breaker?.succeed()
      throw failure
    }
    breaker?.fail()
    if (!isOwnError(failure)) {
      const cause = harmlessCause(failure, sent)
      throw new BackendUnavailableError(`${this.name} failed to ${WORDS[operation] ?? operation} a session`, { cause })
    }
    failure.cause = harmlessCause(failure.cause, sent)
    throw failure
  }

  /** Leaves no timer behind when the application closes. */
  close (): void {
    this.#breakers.close()
    this.#deadlines.close()
  }

  /** An optional method of the backend. Throws `NotSupportedError` where the backend does not have the method. */
  optional<Name extends keyof SessionBackend> (name: Name, operation: string): NonNullable<SessionBackend[Name]> {
    const method = this.backend[name]
    if (method === undefined || method === null) throw new NotSupportedError(this.name, operation)
    return (method as (...args: unknown[]) => unknown).bind(this.backend) as NonNullable<SessionBackend[Name]>
  }

  /** The backend's answer for an id, unchecked, and past every cache: for whatever decides about a change or an ending. */
  read (id: string): Flow<unknown> { return this.readForLoad(id, true, null) }

  /** The same for the load of a request, which a cache may answer unless it has to be fresh. `given`: what the call has come to. */
  * readForLoad (id: string, isFresh: boolean, given: (() => Awaitable<unknown>) | null): Flow<unknown> {
    return yield * this.call('read', id, given ?? (() => this.ask(id, isFresh)), this.backend.selfContained === true ? id : null)
  }

  ask (id: string, isFresh: boolean): Awaitable<SessionRecord | null> {
    const { backend } = this
    return isFresh && backend.readFresh !== undefined ? backend.readFresh(id) : backend.read(id)
  }

  /** The backend's answers for several ids, by a single call, and past every cache. */
  * readMany (ids: readonly string[]): Flow<readonly unknown[]> {
    const { backend } = this
    if (ids.length === 1) return [yield * this.read(ids[0]!)]
    return yield * this.call('read', null, () => {
      if (backend.readMany !== undefined) return backend.readMany(ids)
      const answers = ids.map(id => this.ask(id, true))
      return answers.some(isPromise) ? Promise.all(answers) : answers as Array<SessionRecord | null>
    })
  }

  /** The stored session of an id, or `null`. */
  * fetch (id: string): Flow<Stored | null> { return this.sessionOf(yield * this.read(id), id) }

  /**
   * Stores a record if `expectedVersion` stands (`0`: absent). A write whose answer was lost is looked up before it counts
   * as failed.
   *
   * @param isRepeatable whether the change may be made again on top of later writes; else an unknown outcome is an error
   * @param send makes the call; what the call has come to, where it was made before the flow began
   */
  * put (
    record: SessionRecord, expectedVersion: number, context: WriteContext, isRepeatable = true,
    send: () => Awaitable<unknown> = () => this.backend.write(record.id, record, expectedVersion, context)
  ): Flow<PutAnswer> {
    try {
      return yield * this.#write(record, expectedVersion, send)
    } catch (error) {
      if (!(error instanceof BackendUnavailableError) || !this.isAtomic) throw error
      // Perhaps only the answer was lost. The stored version tells whose write stands.
      const answer = yield * this.read(record.id)
      const theirs = isRecord(answer) ? answer : null
      const version = theirs?.version ?? 0
      const isRemoved = version === 0 && record.expiresAt <= this.#settings.now()
      if (version === record.version || isRemoved) return this.noteWritten(record)
      // Not applied, at least not yet: whether to write again is the caller's decision.
      if (version === expectedVersion || !isRepeatable) throw error
      return { written: false, theirs }
    }
  }

  /** Stores a record whatever stands under its id. */
  * putBlindly (record: SessionRecord): Flow<void> {
    yield * this.call('write', record.id, () => this.backend.write(record.id, record, undefined, { data: {} }))
    this.observer.stored(record)
  }

  noteWritten (record: SessionRecord): PutAnswer {
    this.observer.stored(record)
    return WRITTEN
  }

  * #write (record: SessionRecord, expectedVersion: number, send: () => Awaitable<unknown>): Flow<PutAnswer> {
    const answer = yield * this.call('write', record.id, send, record.data)
    if (answer === record.id) return this.noteWritten(record)
    // Under a fresh id nothing stands in the way, unless a revocation does; only an atomic backend can leave what bars a sign-in.
    const mayRefuse = this.isAtomic || expectedVersion !== 0
    if (answer === null && mayRefuse) return { written: false, theirs: null }
    if (isRecord(answer) && answer.id === record.id) {
      return answer.version === record.version ? this.noteWritten(record) : { written: false, theirs: answer }
    }
    const expected = mayRefuse ? 'the id, null or the record that stands' : 'the id'
    throw new BackendContractError(`${this.name}.write() must return ${expected}, got ${answer === null ? 'null' : typeof answer}`)
  }

  /** A backend's answer as a session, or `null`. */
  sessionOf (answer: unknown, id: string | null): Stored | null {
    const found = this.examine(answer, id)
    return found.rejected === undefined ? found.stored : null
  }

  /**
   * Judges a backend's answer. Throws `BackendUnavailableError` for data of a newer deployment which do not fit here.
   *
   * @param id the id which the record must have; `null` for a self-contained backend, whose text holds the id
   * @param absent the reason where there is no record
   */
  examine (answer: unknown, id: string | null, absent: Rejection = 'unknown'): Examined {
    if (answer === null || answer === undefined) return { rejected: absent }
    if (!isRecord(answer) || (id !== null && answer.id !== id)) return { rejected: 'corrupt' }
    // A tombstone has no data.
    if (answer.data === '') return { rejected: 'regenerated' }
    if (isExpired(answer, this.#settings.lifetime, this.#settings.now())) return { rejected: 'expired' }
    return this.codec.decode(answer)
  }

  /**
   * What the backend is told about a write beside the record.
   *
   * @param text the payload to be stored, which after a conflict or in a transaction is not the live session's
   */
  writeContext (text: string, request: FastifyRequest | undefined): WriteContext {
    return new PayloadContext(this.codec, text, request)
  }
}
