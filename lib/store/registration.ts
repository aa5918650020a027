import type { FastifyBaseLogger } from 'fastify'
import type { SessionBackend, SessionEventType, SessionMetrics, SessionReader } from '../../types/index.d.ts'
import type { Settings } from '../config/options.ts'
import { TokenSecrets } from '../crypto/token-secrets.ts'
import type { Stored } from '../payload/codec.ts'
import type { BreakerState } from './breaker.ts'
import type { OnBreaker } from './breakers.ts'
import { EndSignals } from './end-signals.ts'
import { type EventDetails, EventPublisher, type EventSource } from './events.ts'
import { InCookie } from './in-cookie.ts'
import type { Keeping } from './keeping.ts'
import { Metrics } from './metrics.ts'
import { CommitQueue } from './queue.ts'
import { RevokedCookies, type Revocation } from './revoked-cookies.ts'
import { ServerSide } from './server-side.ts'
import { Store } from './store.ts'
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
  /** What tells sockets and streams that their session has ended. */
  readonly signals: EndSignals
  /** The endings of sessions in cookies; `null` on a server, and where a copy of the cookie outlives its session. */
  readonly revoked: RevokedCookies | null
  /** The secrets behind tokens; `null` without the option `renewSecretEvery`. */
  readonly secrets: TokenSecrets | null
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
    this.signals = new EndSignals({
      now: settings.now,
      standing: record => this.store.run(this.keeping.standing(record)),
      deadline: record => this.keeping.deadline(record),
      keysOf: record => this.keeping.keysOf(record),
      watch: listener => this.keeping.watch(listener)
    })
    this.store = new Store(settings, backend, (state, server) => { this.#noteBreaker(state, server, log) }, this.signals)
    this.revoked = backend.revocation === undefined ? null : this.#revokedIn(backend.revocation, log)
    this.secrets = settings.renewSecretEveryMs === Infinity ? null : new TokenSecrets(settings.secrets, settings.property)
    this.keeping = backend.selfContained === true
      ? new InCookie(this.store, headerBytes, this.revoked)
      : new ServerSide(this.store, settings.property, this.secrets)
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

  /** Closes the backend, and leaves no timer and no connection behind. */
  async close (): Promise<void> {
    this.store.close()
    await this.signals.close()
    await this.revoked?.close()
    await this.store.backend.close?.()
  }

  #revokedIn (revocation: Revocation, log: FastifyBaseLogger): RevokedCookies {
    const onBreaker: OnBreaker = (state, server) => { this.#noteBreaker(state, server, log, this.revoked!.store.name) }
    return new RevokedCookies(this.settings, revocation, onBreaker, id => { this.signals.changed(id) })
  }

  #noteBreaker (state: BreakerState, server: string, log: FastifyBaseLogger, name = this.store.name): void {
    const place = server === '' ? name : `${name}, server ${server},`
    if (state === 'open') log.warn(`${place} is down: sessions fail fast until it answers again`)
    else log.info(`${place} is up again`)
    this.publish({ log }, state === 'closed' ? 'recovered' : 'unavailable', null, { reason: state })
  }
}
