import { channel } from 'node:diagnostics_channel'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { SessionCause, SessionEvent, SessionEventType } from '../../types/index.d.ts'

const events = channel('fastsessions')

/** Where an event comes from. */
export interface EventSource {
  readonly log: FastifyBaseLogger
  /** Absent outside a request. */
  readonly request?: FastifyRequest | undefined
}

/** What is known of an event beside its type. What is left out is `null` in the event. */
export interface EventDetails {
  readonly reason?: string | undefined
  readonly path?: readonly string[] | undefined
  readonly subject?: string | null | undefined
  readonly cause?: SessionCause | undefined
  readonly actor?: string | undefined
  /** How many sessions have ended, where an event stands for several. */
  readonly ended?: number | undefined
}

/** Publishes life-cycle events of a registration. Events have no data and no token. */
export class EventPublisher {
  readonly #property: string

  constructor (property: string) {
    this.#property = property
  }

  publish ({ log, request }: EventSource, type: SessionEventType, id: string | null, details: EventDetails): void {
    // Without a listener, which is the usual case, an event costs two look-ups.
    const isLogged = log.level === 'debug' || log.level === 'trace'
    if (!events.hasSubscribers && !isLogged) return
    const { reason = null, path, subject = null, cause = null, actor = null } = details
    const requestId = request === undefined ? null : String(request.id)
    const at = path === undefined ? {} : { path: Object.freeze([...path]) }
    // Frozen: what a subscriber does to an event must not change what the next subscriber and the log see.
    const event: SessionEvent = Object.freeze({ type, property: this.#property, id, reason, subject, requestId, cause, actor, ...at })
    events.publish(event)
    if (isLogged) log.debug({ session: event }, `session ${type}`)
  }
}
