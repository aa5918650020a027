import Fastify, { type FastifyInstance } from 'fastify'
import sessions, { type SessionBackend } from '../lib/index.ts'
import type { Answer, Data, Step } from './history.ts'

export interface AppOptions {
  readonly absoluteMs: number
  readonly timeoutMs: number
  readonly now: () => number
}

/** The application under stress: each request does one step with its session, and answers what it saw. */
export async function createApp (backend: SessionBackend, { absoluteMs, timeoutMs, now }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(sessions, {
    backend, now, absoluteTimeout: absoluteMs / 1_000, timeout: timeoutMs / 1_000, cookie: { name: 'sid', secure: false }
  })
  app.post<{ Body: Step }>('/step', async (request): Promise<Answer> => {
    const step = request.body
    // Payloads of any shape: the other half of the stress program decides.
    const session = request.session as any
    const seen: Data = session.data()
    const isAccepted = Object.keys(seen).length > 0
    await hold(step.holdMs)
    const count = await take(session, step, isAccepted)
    return { isAccepted, seen, after: session.data(), id: session.id, count }
  })
  app.post<{ Body: Step }>('/revoke', { config: { session: false } }, async request => ({
    removed: await app.sessions.revokeSubject(request.body.subject)
  }))
  app.get('/stored', { config: { session: false } }, async () => await storedIn(app))
  return app
}

async function take (session: any, { kind, key, value, subject, isSaved, holdMs }: Step, isAccepted: boolean): Promise<number | null> {
  // Whatever the cookie is: these two begin something.
  if (kind === 'create') session[key] = value
  if (kind === 'login') await session.login(subject, { [key]: value })
  if (!isAccepted) return null
  if (kind === 'write') {
    if (value === null) delete session[key]
    else session[key] = value
    if (isSaved) await session.save()
  }
  if (kind === 'regenerate') await session.regenerateId()
  if (kind === 'destroy') await session.destroy()
  if (kind !== 'count') return null
  return await session.transaction(async (data: { count?: number }) => {
    await hold(holdMs / 4)
    data.count = (data.count ?? 0) + 1
    return data.count
  })
}

async function storedIn (app: FastifyInstance): Promise<{ ids: string[] }> {
  const ids: string[] = []
  let cursor: string | null | undefined
  do {
    const page = await app.sessions.list({ limit: 200, ...(cursor == null ? {} : { cursor }) })
    ids.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== null)
  return { ids }
}

/** What a handler waits for. */
export async function hold (ms: number): Promise<void> {
  if (ms >= 1) await new Promise(resolve => { setTimeout(resolve, ms) })
}
