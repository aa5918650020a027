import type { FastifyRequest } from 'fastify'

/** Whether a request came over TLS: its own connection, or what a proxy says that the application's `trustProxy` believes. */
export function isHttps ({ protocol }: FastifyRequest): boolean {
  // Of an upgrade to a WebSocket some proxies say `wss` in X-Forwarded-Proto.
  return /^(?:https|wss)$/i.test(protocol)
}
