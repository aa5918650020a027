import type { FastifyInstance } from 'fastify'
import sessions, { type SessionOptions } from '../lib/index.ts'

/** A call of `app.sessions`, or of the neighbour's `app.admins`. */
export interface Call {
  readonly property: 'session' | 'admin'
  readonly method: 'get' | 'exists' | 'create' | 'revoke' | 'revokeSubject' | 'revokeAll' | 'list' | 'count' | 'removeExpired'
  readonly args: readonly unknown[]
}

/** A second registration on the store of the first one, and routes that let a client call all methods of both. */
export async function addNeighbour (app: FastifyInstance, options: SessionOptions): Promise<void> {
  await app.register(sessions, { ...options, property: 'admin', cookie: { name: 'aid', secure: false } })
  const { sessions: main, admins } = app as any
  const outside = { config: { session: false as const, admin: false } }
  app.post<{ Body: Call }>('/call', outside, async ({ body: { property, method, args } }) => ({
    result: await (property === 'admin' ? admins : main)[method](...args) ?? null
  }))
  app.get('/admin', { config: { session: false } }, async (request: any) => {
    const { admin } = request
    return { data: admin.data(), subject: admin.subject }
  })
}
