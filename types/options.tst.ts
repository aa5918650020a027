// Options, routes, errors and events.
import Fastify, { type FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type * as api from '../lib/index.ts'
import sessions, {
  CookieBackend, MemoryBackend, optionsSchema, type SessionCause, type SessionConflictError, type SessionErrorCode, type SessionEvent,
  type SessionEventType, type SessionOptions, type SessionRouteOptions, type SessionTooLargeError, type SessionValidationError, sessions as named
} from '../lib/index.ts'
import { same, use } from './equals.ts'

declare const everything: Required<SessionOptions>
const app = Fastify()
same<typeof sessions, typeof named>()
same<Required<typeof everything.cookie>['secure'], boolean | 'auto'>()
use(app.register(sessions, everything))

// ------------------------------------------------------------------------------------------ what an application writes

use(app.register(sessions, { secret: process.env['SESSION_SECRET'] }))
use(app.register(sessions, { secret: [Buffer.alloc(32), 'the one before it'], backend: new CookieBackend({ mode: 'sign', maxBytes: 4_096 }) }))
const options: SessionOptions = {
  backend: new MemoryBackend({ maxEntries: 10 }),
  property: 'admin',
  cookie: { name: 'sid', path: '/admin', domain: 'example.com', httpOnly: true, sameSite: 'strict', partitioned: true, priority: 'high', secure: 'auto', persistent: true },
  idleTimeout: '30m',
  absoluteTimeout: null,
  renewAfter: 0,
  autoload: ['/app', /^\/admin/],
  schema: Type.Object({ visits: Type.Integer() }),
  schemaVersion: 2,
  migrate: (data, fromVersion) => {
    same<typeof fromVersion, number>()
    return { ...data, visits: 0 }
  },
  serializer: { serialize: JSON.stringify, deserialize: JSON.parse },
  encrypt: true,
  onConflict: 'error',
  renewSecretEvery: '15m',
  onTheft: 'report',
  onUnavailable: 'anonymous',
  timeout: 2.5,
  now: () => 0
}
const byRequest: SessionOptions = {
  autoload: request => {
    same<typeof request, FastifyRequest>()
    return request.url !== '/'
  }
}

// ------------------------------------------------------------------------------------------ and what it cannot

// @ts-expect-error no such option
use(app.register(sessions, { secrets: ['x'] }))
// @ts-expect-error a secret is text or bytes
use(app.register(sessions, { secret: 1 }))
// @ts-expect-error 'report' or 'end'
use({ onTheft: 'ignore' } satisfies SessionOptions)
// @ts-expect-error a backend has read, write and remove
use(app.register(sessions, { backend: new Map() }))
// @ts-expect-error no such option
use({ cookie: { maxAge: 1 } } satisfies SessionOptions)
// @ts-expect-error 'lax', 'strict' or 'none'
use({ cookie: { sameSite: true } } satisfies SessionOptions)
// @ts-expect-error a session without an idle deadline needs a long one
use({ idleTimeout: null } satisfies SessionOptions)
// @ts-expect-error synchronous: it runs in front of each request
use({ autoload: async () => true } satisfies SessionOptions)
// @ts-expect-error synchronous
use({ serializer: { serialize: async () => '', deserialize: () => ({}) } } satisfies SessionOptions)
// @ts-expect-error milliseconds
use({ now: () => new Date() } satisfies SessionOptions)
// @ts-expect-error 'merge' or 'error'
use({ onConflict: 'overwrite' } satisfies SessionOptions)

// ------------------------------------------------------------------------------------------ routes

app.get('/health', { config: { session: false } }, async () => 'ok')
app.get('/usual', { config: { session: true } }, async () => 'ok')
app.get('/feed', { config: { session: { autoload: false, passive: true, onUnavailable: 'anonymous' } } }, async () => 'ok')
app.get('/me', { config: { session: { required: true } } }, async request => request.session.subject)
app.get('/account', { config: { session: { required: 'subject' } } }, async request => request.session.id)
app.get('/fresh', { config: { session: { fresh: true, required: { fresh: '10m', level: ['mfa'] } } } }, async request => request.session.level)
// @ts-expect-error a session, or one with a subject
app.get('/2', { config: { session: { required: 'user' } } }, async () => 'ok')
// @ts-expect-error true or false
app.get('/3', { config: { session: { passive: 1 } } }, async () => 'ok')
// @ts-expect-error 'error' or 'anonymous'
app.get('/4', { config: { session: { onUnavailable: 'empty' } } }, async () => 'ok')
// Fastify infers what else config may have, so a wrong key is an error only here; at registration it always is.
// @ts-expect-error no such option of a route
use({ encrypt: true } satisfies SessionRouteOptions)

// ------------------------------------------------------------------------------------------ errors and events

same<SessionConflictError['name'], 'SessionConflictError'>()
same<SessionValidationError['path'], string>()
same<SessionTooLargeError['keys'], ReadonlyArray<readonly [key: string, bytes: number]>>()
same<SessionTooLargeError['code'], 'SES_TOO_LARGE'>()
type ErrorClass = (typeof api)[Extract<keyof typeof api, `${string}Error`>]
same<SessionErrorCode, InstanceType<ErrorClass>['code']>()
same<Extract<SessionErrorCode, 'SES_NOT_LOADED' | 'SES_LOST'>, 'SES_NOT_LOADED'>()
/** A checked `switch`: each code of ours compiles, a misspelt code does not. */
const isRetriedLater = (error: { code: string }): boolean => {
  switch (error.code as SessionErrorCode) {
    case 'SES_BACKEND_UNAVAILABLE': return true
    // @ts-expect-error no such code
    case 'SES_BACKEND_UNAVAILBLE': return true
    default: return false
  }
}
same<SessionEvent, {
  type: SessionEventType,
  property: string,
  id: string | null,
  reason: string | null,
  path?: readonly string[]
  subject: string | null,
  requestId: string | null,
  cause: SessionCause | null,
  actor: string | null
}>()

export { byRequest, isRetriedLater, options, optionsSchema }
