import type { FastifyBaseLogger } from 'fastify'
import type { Awaitable, SessionBackend, SessionEventType, SessionRecord, WriteContext } from '../../types/index.d.ts'
import { Breaker, type BreakerState } from './breaker.ts'
import type { Payload } from '../payload/changes.ts'
import type { PayloadCodec } from '../payload/codec.ts'
import { BackendContractError, BackendUnavailableError, isOwnError, NotSupportedError } from '../errors.ts'
import { EventPublisher } from './events.ts'
import { type Flow, isPromise, run } from '../tools/flow.ts'
import { effectiveDeadline, isExpired } from '../record/lifetime.ts'
import type { Settings } from '../config/options.ts'
import { CommitQueue } from './queue.ts'
import { isRecord } from '../record/record.ts'

const SERVER_TOKEN_CHARS = 43
const DEFAULT_MAX_BYTES = 7_168

/** A stored session as this process knows it: the record, and its payload as the serializer writes it. */
export interface Base {
  readonly record: SessionRecord
  readonly text: string
  /** The payload as it was read or written, never changed; `null` when only the text is known. */
  readonly tree: Payload | null
}

/** A stored session with its payload, parsed for whoever asked. */
export interface Examined extends Base {
  readonly data: Payload
}

/** How a session's text looks as a cookie. */
export interface CookieForm {
  readonly name: string
  /** Values of `name`, `name.1` … for a text, and their bytes in a `Cookie` header: `Infinity` where it takes too many, `NaN` where it is no cookie text. */
  split (text: string): { values: readonly string[], bytes: number }
  /** The `Cookie` header that a browser would send. */
  header (text: string): string
}

/** A commit that waits in the queue, and whose changes the one in front may store along with its own. */
export interface Joining {
  /** Its changes on top of what is about to be stored; `null` where it needs a turn of its own. */
  onto (stands: Base): Base | null
}

/** What all sessions of one registration share. */
export class Core {
  readonly settings: Settings
  readonly codec: PayloadCodec
  readonly backend: SessionBackend
  readonly backendName: string
  readonly lines: CookieForm
  readonly queue = new CommitQueue<Base | null, Joining>()
  readonly events: EventPublisher
  readonly breaker: Breaker
  /** Rule 4.13 is warned about once. */
  hasWarnedOfPlainHttp = false

  constructor (settings: Settings, backend: SessionBackend, lines: CookieForm, log: FastifyBaseLogger) {
    this.settings = settings
    this.codec = settings.codec
    this.backend = backend
    this.backendName = settings.backend.constructor?.name ?? 'The backend'
    this.lines = lines
    this.events = new EventPublisher(settings.property)
    this.breaker = new Breaker(state => { this.#noteState(state, log) })
  }

  get isAtomic (): boolean { return this.backend.atomic === true }
  get isSelfContained (): boolean { return this.backend.selfContained === true }

  /** The longest cookie text that can be ours, in bytes. */
  get maxTextBytes (): number {
    return this.isSelfContained ? this.maxCookieBytes : SERVER_TOKEN_CHARS
  }

  /** The bytes of `Cookie` header that one session may take. */
  get maxCookieBytes (): number { return this.backend.maxBytes ?? DEFAULT_MAX_BYTES }

  now (): number { return this.settings.now() }

  /** When a stored session ends. */
  deadline (record: SessionRecord): number { return effectiveDeadline(record, this.settings.lifetime) }

  #noteState (state: BreakerState, log: FastifyBaseLogger): void {
    if (state === 'open') log.warn(`${this.backendName} is down: sessions fail fast until it answers again`)
    if (state === 'closed') log.info(`${this.backendName} is up again`)
    this.publish(log, state === 'closed' ? 'recovered' : 'unavailable', null, state)
  }

  publish (log: FastifyBaseLogger, type: SessionEventType, id: string | null, reason?: string): void {
    this.events.publish(log, type, id, reason)
  }

  /** Runs a flow within `timeout`; drivers may never settle. */
  run<T> (flow: Flow<T>, limitMs = this.settings.timeoutMs): Awaitable<T> {
    return run(flow, limitMs, () => {
      this.breaker.fail()
      return new BackendUnavailableError(`${this.backendName} did not answer within ${limitMs} ms`)
    })
  }

  /** One call of the backend. Whatever it throws that is not one of our errors means that it is unavailable. */
  * call<T> (operation: string, send: () => Awaitable<T>): Flow<T> {
    if (!this.breaker.admits()) throw new BackendUnavailableError(`${this.backendName} is unavailable; whether it is back is tried by one call at a time`)
    try {
      const answer = send()
      const result = isPromise(answer) ? (yield answer) as T : answer
      this.breaker.succeed()
      return result
    } catch (cause) {
      // Without a cause, one of our errors is about one session: the backend has answered.
      if (isOwnError(cause) && cause.cause === undefined) this.breaker.succeed()
      else this.breaker.fail()
      if (isOwnError(cause)) throw cause
      throw new BackendUnavailableError(`${this.backendName} failed to ${operation} a session`, { cause })
    }
  }

  /** An optional method of the backend. Throws `NotSupportedError` where it has none. */
  optional<Name extends keyof SessionBackend> (name: Name, operation: string): NonNullable<SessionBackend[Name]> {
    const method = this.backend[name]
    if (method === undefined || method === null) throw new NotSupportedError(this.backendName, operation)
    return (method as (...args: unknown[]) => unknown).bind(this.backend) as NonNullable<SessionBackend[Name]>
  }

  /**
   * Stores a record if `expectedVersion` stands: true, or the record that stands instead, or `null` if it does not say.
   *
   * @param isRepeatable whether the change may be made once more on top of what others wrote since; else a write whose
   * outcome cannot be learnt is an error
   */
  * put (record: SessionRecord, expectedVersion: number, context: WriteContext, isRepeatable = true): Flow<true | SessionRecord | null> {
    try {
      return yield * this.#write(record, expectedVersion, context)
    } catch (error) {
      if (!(error instanceof BackendUnavailableError) || !this.isAtomic) throw error
      // Perhaps only the answer was lost. The version that is stored tells whose write stands.
      const answer: unknown = yield * this.call('read', () => this.backend.read(record.id))
      const stands = isRecord(answer) ? answer : null
      const version = stands?.version ?? 0
      const isRemoved = version === 0 && record.expiresAt <= this.now()
      if (version === record.version || isRemoved) return true
      // Not applied, at least not yet: writing it again is for whoever gets the error to decide.
      if (version === expectedVersion || !isRepeatable) throw error
      return stands
    }
  }

  * #write (record: SessionRecord, expectedVersion: number, context: WriteContext): Flow<true | SessionRecord | null> {
    const answer = yield * this.call('write', () => this.backend.write(record.id, record, expectedVersion, context))
    if (answer === record.id) return true
    if (answer === null) return null
    if (isRecord(answer) && answer.id === record.id) return answer.version === record.version ? true : answer
    throw new BackendContractError(`${this.backendName}.write() must return the id, null or the record that stands, got ${typeof answer}`)
  }

  /** Has a self-contained backend make the text of a record. */
  * seal (record: SessionRecord, context: WriteContext): Flow<string> {
    const text = yield * this.call('write', () => this.backend.write(null, record, undefined, context))
    if (typeof text === 'string') return text
    throw new BackendContractError(`${this.backendName}.write() is self-contained and must return the cookie's text, got ${typeof text}`)
  }

  /** The stored session of this id, or `null`. */
  * fetch (id: string): Flow<Base | null> {
    return this.standing(yield * this.call('read', () => this.backend.read(id)), id)
  }

  /** A backend's answer as a session, or `null`. */
  standing (answer: unknown, id: string | null): Examined | null {
    const found = this.examine(answer, id)
    return typeof found === 'string' ? null : found
  }

  /**
   * Judges what a backend answered: the session, or the reason why it is none.
   *
   * @param id what the record must say it is; `null` for a self-contained backend, whose text holds the id
   */
  examine (answer: unknown, id: string | null): Examined | string {
    if (answer === null || answer === undefined) return this.isSelfContained ? 'forged' : 'unknown'
    if (!isRecord(answer) || (id !== null && answer.id !== id)) return 'corrupt'
    if (answer.data === '') return 'regenerated'
    if (isExpired(answer, this.settings.lifetime, this.now())) return 'expired'
    const decoded = this.codec.decode(answer)
    return typeof decoded === 'string' ? decoded : { record: answer, text: decoded.text, tree: decoded.tree, data: decoded.data }
  }
}
