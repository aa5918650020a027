import type { FastifyReply } from 'fastify'

interface StreamLike {
  on? (event: 'error', listener: () => void): unknown
  removeListener? (event: 'error', listener: () => void): unknown
  destroy? (): unknown
  cancel? (): Promise<unknown>
  body?: { cancel (): Promise<unknown> } | null
}

const ignore = (): void => {}

/** A stream which fails without a listener would end the process. Returns a function which takes our listener off again. */
export function ignoreStreamErrors (payload: unknown): () => void {
  const stream = payload as StreamLike | null | undefined
  if (typeof stream?.on !== 'function') return ignore
  // Stays attached until the next tick after the release: by then Fastify listens itself.
  stream.on('error', ignore)
  return () => { setImmediate(() => { stream.removeListener?.('error', ignore) }) }
}

/** Ends a payload which will not be sent: Fastify would leave Node streams, web streams and `Response` bodies open. */
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

/** Whether nothing can be sent any more: the client has gone, or a time limit of the server has ended connection or stream. */
export function isClosed ({ raw }: FastifyReply): boolean {
  return raw.destroyed || (raw as { stream?: { destroyed?: boolean } }).stream?.destroyed === true
}

/**
 * Puts status and headers of a `Response` on the reply, before ours. Fastify would do so after all hooks, and a
 * `Cache-Control: public` of the `Response` would replace our `no-store`.
 *
 * @returns the body to send; `undefined` for any other payload, and for a `Response` which Fastify will refuse
 */
export function unwrapResponse (reply: FastifyReply, payload: unknown): ReadableStream | null | undefined {
  if (typeof payload !== 'object' || Object.prototype.toString.call(payload) !== '[object Response]') return undefined
  const { status, headers, body, bodyUsed } = payload as Response
  if (bodyUsed || status < 200) return undefined
  reply.code(status)
  for (const [name, value] of headers) reply.header(name, value)
  return body
}
