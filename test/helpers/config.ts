import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { type InvalidOptionsError, sessions, type SessionOptions } from '../../lib/index.ts'
import { createApp } from './app.ts'
import { cookieOf } from './cookies.ts'

/** An application whose `POST /` puts its body into the session, whose `GET /` shows the session. */
export async function appWith (t: Test, options: SessionOptions): Promise<FastifyInstance> {
  const app = await createApp(t, options)
  app.post<{ Body: Record<string, unknown> }>('/', async request => ({ ...request.session.update(request.body) }))
  app.get('/', async request => ({ ...request.session }))
  return app
}

/** The error of a registration with wrong options. */
export async function refusalOf (options: unknown, app: FastifyInstance = Fastify()): Promise<InvalidOptionsError> {
  try {
    await app.register(sessions, options as SessionOptions)
    await app.ready()
  } catch (error) {
    return error as InvalidOptionsError
  }
  throw new Error('the registration was accepted')
}

/** Stores a session by a request, and returns the `Cookie` header for the session. */
export async function store (app: FastifyInstance, data: object): Promise<string> {
  return cookieOf(await app.inject({ method: 'POST', url: '/', payload: data }))
}

/** The answer of `GET /` with this cookie: the session's data. */
export async function show (app: FastifyInstance, cookie: string): Promise<LightMyRequestResponse> {
  return await app.inject({ url: '/', headers: { cookie } })
}

/** Freezes an object and everything inside the object, except Buffers, which cannot be frozen. */
export function deepFreeze<T> (value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value
  for (const key of Reflect.ownKeys(value)) deepFreeze((value as Record<string | symbol, unknown>)[key])
  return Object.freeze(value)
}
