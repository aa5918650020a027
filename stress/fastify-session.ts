import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import Fastify, { type FastifyInstance } from 'fastify'
import { hold } from './app.ts'
import type { Answer, Data, Step } from './history.ts'

/** A name among the stores that stands for another plugin: the session plugin of most applications today. */
export const FASTIFY_SESSION = '@fastify/session'

/** The same application with `@fastify/session` and its memory store, written as the readme of the plugin says. */
export async function createOtherApp (): Promise<FastifyInstance> {
  const require = createRequire(new URL('../bench/package.json', import.meta.url))
  const app = Fastify()
  await app.register(require('@fastify/cookie'))
  const secret = randomBytes(32).toString('hex')
  await app.register(require('@fastify/session'), { secret, cookie: { secure: false }, saveUninitialized: false })
  app.post<{ Body: Step }>('/step', async (request): Promise<Answer> => {
    const step = request.body
    const seen = dataOf(request)
    const isAccepted = Object.keys(seen).length > 0
    await hold(step.holdMs)
    const count = await take(request, step, isAccepted)
    return { isAccepted, seen, after: dataOf(request), id: '', count, calledAt: null }
  })
  return app
}

async function take (request: any, { kind, key, value, isSaved, holdMs }: Step, isAccepted: boolean): Promise<number | null> {
  if (kind === 'create') request.session[key] = value
  if (kind === 'login') {
    await request.session.regenerate(Object.keys(dataOf(request)))
    request.session[key] = value
  }
  if (!isAccepted) return null
  if (kind === 'write') {
    if (value === null) delete request.session[key]
    else request.session[key] = value
    if (isSaved) await request.session.save()
  }
  if (kind === 'regenerate') await request.session.regenerate(Object.keys(dataOf(request)))
  if (kind === 'destroy') await request.session.destroy()
  if (kind !== 'count') return null
  // @fastify/session has no transactions.
  const count: number = (request.session.count ?? 0) + 1
  await hold(holdMs / 4)
  request.session.count = count
  await request.session.save()
  return count
}

function dataOf ({ session }: any): Data {
  return Object.fromEntries(Object.entries(session ?? {}).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}
