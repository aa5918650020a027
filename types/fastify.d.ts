/**
 * What fastsessions adds to the types of Fastify. The entry point `fastsessions/no-global` leaves it out, for projects in which the
 * types of a different session plugin declare `request.session` as well.
 */
import type {} from '@fastify/cookie'
// Inside `declare module 'fastify'` a bare `Session` may be the type of a different plugin: hence these aliases.
import type { Session as FastSession, SessionRoute as FastSessionRoute, Sessions as FastSessions } from './index.d.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * `null` where there can be no session: before the plugin's onRequest hook (such as in a serializer of Fastify's request log, or
     * in the error handler for a hook registered earlier), on routes with `session: false`, and for paths of the option `exclude`.
     */
    readonly session: FastSession
  }
  interface FastifyInstance {
    sessions: FastSessions
  }
  interface FastifyContextConfig {
    session?: FastSessionRoute
  }
}
