import type { FastifyReply } from 'fastify'

/** An error of ours, as far as its answer is concerned. */
export type AnsweredError = Error & { statusCode?: number, headers?: Readonly<Record<string, string>> }

/**
 * Headers that describe an answer: which form its body has, how long it may be kept, by what to ask again. On the error that is
 * sent in its place they would be wrong, and caches would keep the error as long as the answer (RFC 9110, 8; RFC 9111, 5).
 */
const DESCRIPTION = [
  'accept-ranges', 'age', 'cdn-cache-control', 'content-digest', 'content-disposition', 'content-encoding', 'content-language',
  'content-length', 'content-location', 'content-md5', 'content-range', 'content-type', 'digest', 'etag', 'expires',
  'last-modified', 'pragma', 'repr-digest', 'surrogate-control'
]

/**
 * Sets an error's status and headers beforehand, so that an error handler which only sends keeps them. What was said about the
 * answer that the error replaces is taken back.
 */
export function presetError (reply: FastifyReply, error: AnsweredError): void {
  forgetAnswer(reply)
  reply.code(error.statusCode ?? 500).headers(error.headers ?? {})
}

/** Takes back what headers say about an answer in whose place an error of ours is sent. No cache may keep the error. */
export function forgetAnswer (reply: FastifyReply): void {
  for (const name of DESCRIPTION) reply.removeHeader(name)
  reply.header('cache-control', 'no-store')
}

/** The same for an error whose answer is made: what its headers say of the body is true. */
export function forbidKeeping (reply: FastifyReply, { headers }: Required<Pick<AnsweredError, 'headers'>>): void {
  reply.removeHeader('expires').header('cache-control', 'no-store').headers(headers)
}

/** The body of Fastify's answer to an error, with its reason. Any other body, of an error handler of the application's own, stays. */
export function withReason (payload: unknown, { code, reason }: { code: string, reason: string }): unknown {
  if (typeof payload !== 'string' || !payload.includes(code)) return payload
  try {
    const body = JSON.parse(payload) as { code?: unknown, reason?: unknown }
    return body.code === code && body.reason === undefined ? JSON.stringify({ ...body, reason }) : payload
  } catch {
    return payload
  }
}
