import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { type InvalidOptionsError, sessions, type SessionOptions } from '../../lib/index.ts'

export const SECRET = 'a secret of more than thirty-two bytes'
export const OLD_SECRET = 'an older one of more than thirty-two bytes'
export const DAY_MS = 86_400_000

/** An application whose `POST /` puts its body into the session, whose `GET /` shows the session. */
export async function appWith (options: SessionOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(sessions, options)
  app.post<{ Body: Record<string, unknown> }>('/', async request => ({ ...request.session.update(request.body) }))
  app.get('/', async request => ({ ...request.session }))
  return app
}

/** What a registration is refused with. */
export async function refusalOf (options: unknown, app: FastifyInstance = Fastify()): Promise<InvalidOptionsError> {
  try {
    await app.register(sessions, options as SessionOptions)
    await app.ready()
  } catch (error) {
    return error as InvalidOptionsError
  }
  throw new Error('the registration was accepted')
}

/** Stores a session; its cookie as a browser would send it. */
export async function store (app: FastifyInstance, data: object): Promise<string> {
  return cookieOf(await app.inject({ method: 'POST', url: '/', payload: data }))
}

export async function show (app: FastifyInstance, cookie: string): Promise<LightMyRequestResponse> {
  return await app.inject({ url: '/', headers: { cookie } })
}

export function cookieOf ({ cookies }: LightMyRequestResponse): string {
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** Freezes an object and all that it holds, but for Buffers, which cannot be. */
export function deepFreeze<T> (value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value
  for (const key of Reflect.ownKeys(value)) deepFreeze((value as Record<string | symbol, unknown>)[key])
  return Object.freeze(value)
}
