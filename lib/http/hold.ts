import type { FastifyReply } from 'fastify'
import { ignoreStreamErrors } from './body.ts'

/**
 * Holds a reply while a commit is under way. An async handler which sent without returning the reply goes on meanwhile,
 * and Fastify, which has sent nothing yet, would send again: two answers mixed, or a crash. So `reply.sent` says true
 * until the commit is over, and changes of status and headers which such a handler made meanwhile are undone.
 *
 * @returns releases the reply and goes on, synchronously: nothing can come between
 */
export function holdReply (reply: FastifyReply, payload: unknown): (then: () => void) => void {
  const { statusCode } = reply
  const headers = copyOf(reply)
  const forgetErrors = ignoreStreamErrors(payload)
  Object.defineProperty(reply, 'sent', { value: true, configurable: true })
  return then => {
    forgetErrors()
    delete (reply as { sent?: boolean }).sent
    try {
      if (!reply.raw.headersSent) restore(reply, statusCode, headers)
      then()
    } catch (error) {
      // Such as a header of the handler which Node refuses. Without a wait Fastify would have caught the error.
      sendError(reply, error as Error)
    }
  }
}

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
