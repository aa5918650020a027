import type { FastifyBaseLogger } from 'fastify'
import type { SessionBackend, SessionEventType, SessionMetrics, SessionReader } from '../../types/index.d.ts'
import type { Settings } from '../config/options.ts'
import type { Stored } from '../payload/codec.ts'
import type { BreakerState } from './breaker.ts'
import { type EventDetails, EventPublisher, type EventSource } from './events.ts'
import { InCookie } from './in-cookie.ts'
import { Metrics } from './metrics.ts'
import { CommitQueue } from './queue.ts'
import { ServerSide } from './server-side.ts'
import { type Keeping, Store } from './store.ts'
import { type WarningKind, Warnings } from './warnings.ts'

const NO_DETAILS: EventDetails = Object.freeze({})

/** What was bound to a registration. */
export interface Bound {
  readonly backend: SessionBackend
  readonly readers: readonly SessionReader[]
}

/** Everything which the sessions of an `app.register(sessions, …)` share. */
export class Registration {
  readonly settings: Settings
  readonly store: Store
  readonly keeping: Keeping
  readonly queue = new CommitQueue<Stored>()
  readonly #metrics = new Metrics()
  /** What reads the sessions of other libraries, in their order. */
  readonly readers: readonly SessionReader[]
  readonly #events: EventPublisher
  readonly #warnings: Warnings

  /** @param headerBytes the bytes that count for a cookie's text: of the `Cookie` header, over all parts, or of the only cookie */
  constructor (settings: Settings, { backend, readers }: Bound, headerBytes: (text: string) => number, log: FastifyBaseLogger) {
    this.settings = settings
    this.readers = readers
    this.store = new Store(settings, backend, (state, server) => { this.#noteBreaker(state, server, log) })
    this.keeping = backend.selfContained === true
      ? new InCookie(this.store, headerBytes)
      : new ServerSide(this.store, settings.property)
    this.#events = new EventPublisher(settings.property)
    this.#warnings = new Warnings(settings.now)
  }

  /** The counters since the start, with those of a cache of the backend. */
  get metrics (): SessionMetrics {
    const { cache } = this.store.backend
    return cache === undefined ? this.#metrics.all : { ...this.#metrics.all, cache: { hits: cache.hits, misses: cache.misses } }
  }

  now (): number { return this.settings.now() }

  publish (source: EventSource, type: SessionEventType, id: string | null, details: EventDetails = NO_DETAILS): void {
    this.#metrics.note(type, details)
    this.#events.publish(source, type, id, details)
  }

  warn (log: FastifyBaseLogger, kind: WarningKind, text: string, error?: Error): void {
    this.#warnings.warn(log, kind, text, error)
  }

  #noteBreaker (state: BreakerState, server: string, log: FastifyBaseLogger): void {
    const place = server === '' ? this.store.name : `${this.store.name}, server ${server},`
    if (state === 'open') log.warn(`${place} is down: sessions fail fast until it answers again`)
    else log.info(`${place} is up again`)
    this.publish({ log }, state === 'closed' ? 'recovered' : 'unavailable', null, { reason: state })
  }
}
