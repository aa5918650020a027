import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import sessions, { type SessionBackend } from '../../lib/index.ts'

/** The `timeout` of the applications whose stores get into trouble, and what a busy machine may add to it. */
export const TIMEOUT_MS = 500
const SLACK_MS = 1_500
const RECOVERY_LIMIT_MS = 20_000

/** One browser with a session in a store that gets into trouble. */
export class Visitor {
  readonly app: FastifyInstance
  /** What a handler runs between its reading and its writing. */
  meanwhile: () => unknown = () => {}
  /** What it sends. */
  cookie = ''
  readonly #t: Test

  constructor (t: Test, app: FastifyInstance) {
    this.#t = t
    this.app = app
  }

  /** A request. Its answer must not take longer than its load and its commit may. */
  async go (path: string): Promise<LightMyRequestResponse> {
    const begin = performance.now()
    const response = await this.app.inject({ url: path, headers: { host: 'localhost', cookie: this.cookie } })
    const tookMs = performance.now() - begin
    if (tookMs > 2 * TIMEOUT_MS + SLACK_MS) this.#t.fail(`${path} was answered after ${Math.round(tookMs)} ms`)
    const line = [response.headers['set-cookie'] ?? []].flat()[0]
    if (line !== undefined) this.cookie = line.slice(0, line.indexOf(';'))
    return response
  }

  /** The session's data, or `null` while they cannot be had. */
  async data (): Promise<Record<string, number> | null> {
    const response = await this.go('/')
    return response.statusCode === 200 ? response.json() : null
  }

  /** The store is there again: the application finds out by itself. */
  async recovered (): Promise<Record<string, number>> {
    const limit = performance.now() + RECOVERY_LIMIT_MS
    for (;;) {
      const data = await this.data()
      if (data !== null) return data
      if (performance.now() > limit) throw new Error('the application did not recover')
      await pause(10)
    }
  }

  /** A request that fails as it must: 503, when to come again, and no cookie. */
  async assertUnavailable (path: string): Promise<void> {
    const { statusCode, headers, body } = await this.go(path)
    this.#t.equal(statusCode, 503, `${path}: ${body}`)
    this.#t.ok(Number(headers['retry-after']) > 0, 'with Retry-After')
    this.#t.equal(headers['set-cookie'], undefined, 'without a cookie')
  }
}

/** An application on a store that gets into trouble, with a session in it: `{ made: 1 }`. */
export async function visitor (t: Test, backend: SessionBackend): Promise<Visitor> {
  const app = Fastify()
  t.teardown(() => app.close())
  const it = new Visitor(t, app)
  await app.register(sessions, { backend, timeout: TIMEOUT_MS / 1_000, cookie: { name: 'sid', secure: false } })
  const session = (request: unknown): any => (request as { session: unknown }).session
  app.get('/', async request => session(request).data())
  app.get('/anonymous', { config: { session: { onUnavailable: 'anonymous' } } }, async request => {
    session(request).lost = 1
    return session(request).data()
  })
  app.get<{ Params: { key: string, value: string } }>('/set/:key/:value', async request => {
    // Read before the trouble begins.
    session(request).has('made')
    await it.meanwhile()
    session(request)[request.params.key] = Number(request.params.value)
    return null
  })
  app.get('/add', async request => {
    return await session(request).transaction(async (data: { count?: number }) => {
      data.count = (data.count ?? 0) + 1
      await it.meanwhile()
    }) ?? null
  })
  app.get('/leave', async request => {
    await it.meanwhile()
    await session(request).destroy()
    return null
  })
  await it.go('/set/made/1')
  return it
}
