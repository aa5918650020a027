import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RedisStore } from 'connect-redis'
import expressSession from 'express-session'
import Fastify, { type FastifyInstance } from 'fastify'
import { getIronSession } from 'iron-session'
import { createClient } from 'redis'
import { fromExpressSession, fromFastifySession, fromIronSession, fromSecureSession } from '../../lib/migrate.ts'
import type { SessionReader } from '../../types/index.d.ts'
import { load } from './foreign.ts'
import { newPrefix } from './redis.ts'
import { sharedServer } from './servers.ts'

interface Test { teardown (end: () => unknown): unknown }

/** A server of one version of an application. */
export interface Node {
  readonly port: number
  close (): Promise<unknown>
}

/** An application as it was before the move, and the reader of its sessions. */
export interface OldApplication {
  readonly cookieName: string
  start (): Promise<Node>
  reader (options: { clear: boolean }): SessionReader
}

export interface Answer {
  readonly by: 'old' | 'new'
  readonly user: string | null
  /** How often this version has written into the session. */
  readonly written: number
}

/**
 * What either version of the application does in a request.
 *
 * @returns the answer, and `null` where the session is to end
 */
export function act (by: 'old' | 'new', url: string, session: Record<string, any>): Answer | null {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  if (pathname === '/sign-out') return null
  if (pathname === '/sign-in') session['user'] = searchParams.get('user')
  if (pathname === '/write') session[by] = (session[by] ?? 0) + 1
  return { by, user: session['user'] ?? null, written: session[by] ?? 0 }
}

const SECRET = 'a secret of the old application, of more than 32 bytes'
const LIFETIME_MS = 3_600_000

/** Each with its own defaults, apart from `Secure`, which they do not send over plain http. */
export const OLD_APPLICATIONS: Readonly<Record<string, (t: Test) => Promise<OldApplication>>> = {
  async '@fastify/session' (t) {
    const store = await redisStore(t)
    return {
      cookieName: 'sessionId',
      reader: options => fromFastifySession({ secret: SECRET, store, ...options }),
      start: () => fastifyNode(async app => {
        await app.register(load('@fastify/session'), { secret: SECRET, store, cookie: { secure: false, maxAge: LIFETIME_MS } })
      }, session => session.destroy())
    }
  },
  async 'express-session' (t) {
    const store = await redisStore(t)
    return {
      cookieName: 'connect.sid',
      reader: options => fromExpressSession({ secret: SECRET, store, ...options }),
      start: () => expressNode({ secret: SECRET, store, resave: false, saveUninitialized: false, cookie: { maxAge: LIFETIME_MS } })
    }
  },
  async '@fastify/secure-session' () {
    const key = Buffer.alloc(32, 7)
    return {
      cookieName: 'session',
      reader: options => fromSecureSession({ key, ...options }),
      start: () => fastifyNode(async app => {
        await app.register(load('@fastify/secure-session'), { key, cookie: { path: '/' } })
      }, session => session.delete())
    }
  },
  async 'iron-session' () {
    const options = { password: SECRET, cookieName: 'iron', cookieOptions: { secure: false } }
    return {
      cookieName: 'iron',
      reader: ({ clear }) => fromIronSession({ password: SECRET, cookieName: 'iron', clear }),
      start: () => listening(createServer(async (request, response) => {
        const session = await getIronSession<Record<string, unknown>>(request, response, options)
        const answer = act('old', request.url!, session)
        if (answer === null) session.destroy()
        else await session.save()
        response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
      }))
    }
  }
}

async function redisStore (t: Test): Promise<any> {
  const client = createClient({ url: await sharedServer('redis') })
  await client.connect()
  t.teardown(() => client.close())
  return new RedisStore({ client, prefix: newPrefix() })
}

async function fastifyNode (register: (app: FastifyInstance) => Promise<void>, end: (session: any) => unknown): Promise<Node> {
  const app = Fastify()
  await app.register(load('@fastify/cookie'))
  await register(app)
  app.get('/*', async (request: any) => {
    const answer = act('old', request.url, request.session)
    if (answer === null) await end(request.session)
    return answer ?? {}
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

function expressNode (options: expressSession.SessionOptions): Promise<Node> {
  const app = load('express')()
  app.use(expressSession(options))
  app.use((request: any, response: any) => {
    const answer = act('old', request.url, request.session)
    if (answer === null) request.session.destroy(() => response.json({}))
    else response.json(answer)
  })
  return listening(createServer(app as RequestListener))
}

export async function listening (server: Server): Promise<Node> {
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const close = (): Promise<void> => new Promise(resolve => {
    server.close(() => { resolve() })
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, close }
}
