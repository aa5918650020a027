import { channel } from 'node:diagnostics_channel'
import type { FastifyBaseLogger } from 'fastify'
import type { SessionEvent, SessionEventType } from '../../types/index.d.ts'

const events = channel('fastsessions')

/** Publishes life-cycle events of a registration. Events have no data and no token. */
export class EventPublisher {
  readonly #property: string

  constructor (property: string) {
    this.#property = property
  }

  publish (
    log: FastifyBaseLogger, type: SessionEventType, id: string | null, reason: string | null = null, path?: readonly string[]
  ): void {
    // Without a listener, which is the usual case, an event costs two look-ups.
    const isLogged = log.level === 'debug' || log.level === 'trace'
    if (!events.hasSubscribers && !isLogged) return
    const event: SessionEvent = { type, property: this.#property, id, reason, ...(path && { path }) }
    events.publish(event)
    if (isLogged) log.debug({ session: event }, `session ${type}`)
  }
}
