import Fastify, { type FastifyInstance } from 'fastify'
import sessions, { type SessionBackend } from '../lib/index.ts'
import type { Answer, Data, Step } from './history.ts'
import { moment } from './moment.ts'
import type { Limit } from './serve.ts'
import { addNeighbour } from './neighbour-app.ts'

export interface AppOptions {
  readonly absoluteMs: number
  readonly timeoutMs: number
  /** Whether there is a second registration on the same store. */
  readonly hasNeighbour: boolean
  readonly limit: Limit | null
  readonly now: () => number
}

/** The application under stress: each request does a step with its session, and answers with the data before and after. */
export async function createApp (backend: SessionBackend, options: AppOptions): Promise<FastifyInstance> {
  const { absoluteMs, timeoutMs, hasNeighbour, limit, now } = options
  const app = Fastify()
  const times = { now, absoluteTimeout: absoluteMs / 1_000, timeout: timeoutMs / 1_000 }
  const limited = limit === null ? {} : { maxSessionsPerSubject: limit.most, onLimit: limit.onLimit }
  await app.register(sessions, { backend, ...times, ...limited, cookie: { name: 'sid', secure: false } })
  if (hasNeighbour) await addNeighbour(app, { backend, ...times })
  app.post<{ Body: Step }>('/step', async (request): Promise<Answer> => {
    const step = request.body
    // Payloads have any shape: the clients decide.
    const session = request.session as any
    const seen = numbersOf(session.data())
    const isAccepted = Object.keys(seen).length > 0
    if (step.kind !== 'slow') await hold(step.holdMs)
    const taking = take(session, step, isAccepted)
    // `login()` has been called by now. A moment from before would be too early: a busy machine may stop the process in between.
    const calledAt = step.kind === 'login' ? moment() : null
    const count = await taking
    return { isAccepted, seen, after: numbersOf(session.data()), id: session.id, count, calledAt }
  })
  const outside = { config: { session: false as const } }
  app.post<{ Body: Step }>('/revoke', outside, async request => ({ removed: await app.sessions.revokeSubject(request.body.subject) }))
  app.post<{ Body: { id: string } }>('/end', outside, async request => {
    await app.sessions.revoke(request.body.id)
    return {}
  })
  app.post('/metrics', outside, async () => app.sessions.metrics())
  app.post<{ Body: { subject?: string } }>('/stored', outside, async request => await storedIn(app, request.body))
  return app
}

async function take (session: any, { kind, key, value, subject, isSaved, holdMs }: Step, isAccepted: boolean): Promise<number | null> {
  // Creating and signing in need no accepted session.
  if (kind === 'create') session[key] = value
  if (kind === 'login') await session.login(subject, { [key]: value })
  if (!isAccepted) return null
  if (kind === 'write') {
    if (value === null) delete session[key]
    else session[key] = value
    if (isSaved) await session.save()
  }
  if (kind === 'fill') session[key] = 'x'.repeat(value! * 1_024)
  if (kind === 'slow') await session.transaction(() => hold(holdMs))
  if (kind === 'regenerate') await session.regenerateId()
  if (kind === 'destroy') await session.destroy()
  if (kind !== 'count') return null
  return await session.transaction(async (data: { count?: number }) => {
    await hold(holdMs / 4)
    data.count = (data.count ?? 0) + 1
    return data.count
  })
}

async function storedIn (app: FastifyInstance, filter: { subject?: string }): Promise<{ sessions: unknown[] }> {
  const sessions: unknown[] = []
  let cursor: string | null | undefined
  do {
    const page = await app.sessions.list({ ...filter, limit: 200, ...(cursor == null ? {} : { cursor }) })
    sessions.push(...page.sessions.map(({ id, data }) => ({ id, data })))
    cursor = page.cursor
  } while (cursor !== null)
  return { sessions }
}

/** What the checker goes by; large texts are left out. */
function numbersOf (data: object): Data {
  return Object.fromEntries(Object.entries(data).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

/** Keeps a handler waiting. */
export async function hold (ms: number): Promise<void> {
  if (ms >= 1) await new Promise(resolve => { setTimeout(resolve, ms) })
}
