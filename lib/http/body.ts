import type { FastifyReply } from 'fastify'

interface StreamLike {
  on? (event: 'error', listener: () => void): unknown
  removeListener? (event: 'error', listener: () => void): unknown
  destroy? (): unknown
  cancel? (): Promise<unknown>
  body?: { cancel (): Promise<unknown> } | null
}

const ignore = (): void => {}

/** A stream that fails while nobody listens yet would end the process. Returns what undoes it. */
export function ignoreStreamErrors (payload: unknown): () => void {
  const stream = payload as StreamLike | null | undefined
  if (typeof stream?.on !== 'function') return ignore
  // Stays attached until the next tick after the release: by then Fastify listens itself.
  stream.on('error', ignore)
  return () => { setImmediate(() => { stream.removeListener?.('error', ignore) }) }
}

/** Ends a payload that will not be sent: Node streams, web streams and `Response`; Fastify leaves them open. */
export function destroyPayload (payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return
  const stream = payload as StreamLike
  if (typeof stream.destroy === 'function') {
    stream.on?.('error', ignore)
    stream.destroy()
  } else if (typeof stream.cancel === 'function') {
    stream.cancel().catch(ignore)
  } else {
    stream.body?.cancel?.().catch(ignore)
  }
}

/**
 * Puts status and headers of a `Response` on the reply. Fastify does so after all hooks, over headers that are there: a
 * `Cache-Control: public` would take the place of ours.
 *
 * @returns what is left to send; `undefined` for any other payload, and for a Response that Fastify will refuse
 */
export function unwrapResponse (reply: FastifyReply, payload: unknown): ReadableStream | null | undefined {
  if (typeof payload !== 'object' || Object.prototype.toString.call(payload) !== '[object Response]') return undefined
  const { status, headers, body, bodyUsed } = payload as Response
  if (bodyUsed || status < 200) return undefined
  reply.code(status)
  for (const [name, value] of headers) reply.header(name, value)
  return body
}
