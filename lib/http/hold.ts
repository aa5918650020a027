import type { FastifyReply } from 'fastify'
import { ignoreStreamErrors } from './body.ts'

/** How much earlier than its length, in milliseconds, the timer of `handlerTimeout` may fire: timers count in whole ones. */
const TIMER_SLACK_MS = 5

/** A reply which waits for its commit. */
export interface HeldReply {
  readonly payload: unknown
  /** Releases the reply as it was when it was held, and goes on, synchronously: nothing can come between. */
  release (then: () => void): void
  /** Releases the reply as it is by now, for an answer of a different origin. */
  abandon (): void
}

/**
 * Holds a reply while a commit is under way. An async handler which sent without returning the reply goes on meanwhile,
 * and Fastify, which has sent nothing yet, would send again: two answers mixed, or a crash. So `reply.sent` says true
 * until the commit is over, and changes of status and headers which such a handler made meanwhile are undone. Once the
 * route's `handlerTimeout` is over `reply.sent` says false again, since Fastify asks before it answers with its own 503.
 */
export function holdReply (reply: FastifyReply, payload: unknown): HeldReply {
  const { statusCode } = reply
  const headers = copyOf(reply)
  const forgetErrors = ignoreStreamErrors(payload)
  const { handlerTimeout } = reply.request.routeOptions as { handlerTimeout?: number }
  const isInTime = (): boolean => !handlerTimeout || reply.elapsedTime < handlerTimeout - TIMER_SLACK_MS
  Object.defineProperty(reply, 'sent', { get: isInTime, configurable: true })
  const letGo = (): void => {
    forgetErrors()
    delete (reply as { sent?: boolean }).sent
  }
  return {
    payload,
    abandon: letGo,
    release (then) {
      letGo()
      try {
        if (!reply.raw.headersSent) restore(reply, statusCode, headers)
        then()
      } catch (error) {
        // Such as a header of the handler which Node refuses. Without a wait Fastify would have caught the error.
        sendError(reply, error as Error)
      }
    }
  }
}

/** Whether `reply.sent` tells of a commit under way, and of nothing sent. */
export function isHeld (reply: FastifyReply): boolean { return Object.hasOwn(reply, 'sent') }

type Headers = Map<string, unknown>

function copyOf (reply: FastifyReply): Headers {
  // Fastify appends to an array of Set-Cookie lines in place.
  return new Map(Object.entries(reply.getHeaders()).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]))
}

function restore (reply: FastifyReply, statusCode: number, headers: Headers): void {
  reply.code(statusCode)
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  for (const [name, value] of headers) reply.header(name, value)
}

function sendError (reply: FastifyReply, error: Error): void {
  reply.log.error({ err: error }, 'the reply could not be sent after the session was committed')
  try {
    if (!reply.raw.headersSent) reply.send(error)
  } catch {
    reply.raw.destroy(error)
  }
}
