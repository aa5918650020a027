import { isDeepStrictEqual } from 'node:util'
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
 *
 * Whoever waits for the reply (`return reply.send(stream)` in an async handler) waits until the reply has gone out, not until
 * `reply.sent` says so: else Fastify would find, right after a quick commit, that a stream has not begun, and send nothing in its place.
 */
export function holdReply (reply: FastifyReply, payload: unknown): HeldReply { return new Held(reply, payload) }

type Headers = Record<string, unknown>
type Waiting = Parameters<FastifyReply['then']>

class Held implements HeldReply {
  readonly payload: unknown
  readonly #reply: FastifyReply
  readonly #statusCode: number
  readonly #headers: Headers
  readonly #forgetErrors: () => void
  readonly #waiting: Waiting[] = []

  constructor (reply: FastifyReply, payload: unknown) {
    this.payload = payload
    this.#reply = reply
    this.#statusCode = reply.statusCode
    this.#headers = copyOf(reply)
    this.#forgetErrors = ignoreStreamErrors(payload)
    const then = (...waiting: Waiting): void => { this.#waiting.push(waiting) }
    Object.defineProperty(reply, 'then', { configurable: true, value: then })
    Object.defineProperty(reply, 'sent', HELD)
  }

  abandon (): void {
    this.#letGo()
    this.#goOn()
  }

  #letGo (): void {
    this.#forgetErrors()
    const reply = this.#reply as { sent?: boolean, then?: unknown }
    // The last one first, so that the object stays as quick as it was.
    delete reply.sent
    delete reply.then
  }

  #goOn (): void {
    for (const [fulfilled, rejected] of this.#waiting) this.#reply.then(fulfilled, rejected)
  }

  release (then: () => void): void {
    const reply = this.#reply
    this.#letGo()
    try {
      if (!reply.raw.headersSent) restore(reply, this.#statusCode, this.#headers)
      then()
    } catch (error) {
      // Such as a header of the handler which Node refuses. Without a wait Fastify would have caught the error.
      sendError(reply, error as Error)
    } finally {
      this.#goOn()
    }
  }
}

/** What `reply.sent` is for the time of a hold. */
const HELD: PropertyDescriptor = {
  configurable: true,
  get (this: FastifyReply) {
    const { handlerTimeout } = this.request.routeOptions as { handlerTimeout?: number }
    return !handlerTimeout || this.elapsedTime < handlerTimeout - TIMER_SLACK_MS
  }
}

/** Whether `reply.sent` tells of a commit under way, and of nothing sent. */
export function isHeld (reply: FastifyReply): boolean { return Object.hasOwn(reply, 'sent') }

function copyOf (reply: FastifyReply): Headers {
  const headers = reply.getHeaders() as Headers
  const lines = headers['set-cookie']
  // Fastify appends to an array of lines in place.
  if (Array.isArray(lines)) headers['set-cookie'] = [...lines]
  return headers
}

// Hardly any handler goes on: then there is nothing to put back.
function restore (reply: FastifyReply, statusCode: number, headers: Headers): void {
  if (reply.statusCode !== statusCode) reply.code(statusCode)
  const present = reply.getHeaders() as Headers
  if (isDeepStrictEqual(present, headers)) return
  for (const name of Object.keys(present)) reply.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
}

function sendError (reply: FastifyReply, error: Error): void {
  reply.log.error({ err: error }, 'the reply could not be sent after the session was committed')
  try {
    if (!reply.raw.headersSent) reply.send(error)
  } catch {
    reply.raw.destroy(error)
  }
}
