import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import type { SessionBackend } from '../../lib/index.ts'
import { createApp, loose } from './app.ts'
import { cookieLines } from './cookies.ts'

/** The `timeout` of the applications whose stores get into trouble. */
export const TIMEOUT_MS = 500
/** The delay that a busy machine may add to an answer. */
const SLACK_MS = 1_500
const RECOVERY_LIMIT_MS = 20_000

/** A browser with a session in a store that gets into trouble. */
export class Visitor {
  readonly app: FastifyInstance
  /** Runs in a handler between its reading and its writing. */
  meanwhile: () => unknown = () => {}
  /** The `Cookie` header of the next request. */
  cookie = ''
  readonly #t: Test

  constructor (t: Test, app: FastifyInstance) {
    this.#t = t
    this.app = app
  }

  /** Sends a request. The test fails when the answer takes longer than a load and a commit may take together. */
  async go (path: string): Promise<LightMyRequestResponse> {
    const begin = performance.now()
    const response = await this.app.inject({ url: path, headers: { host: 'localhost', cookie: this.cookie } })
    const tookMs = performance.now() - begin
    if (tookMs > 2 * TIMEOUT_MS + SLACK_MS) this.#t.fail(`${path} was answered after ${Math.round(tookMs)} ms`)
    const [line] = cookieLines(response)
    if (line !== undefined) this.cookie = line.slice(0, line.indexOf(';'))
    return response
  }

  /** The data of the session; `null` while the store is unavailable. */
  async data (): Promise<Record<string, number> | null> {
    const response = await this.go('/')
    return response.statusCode === 200 ? response.json() : null
  }

  /** Repeats a change until it is stored: connections of the driver may still wait for late answers. */
  async changed (path: string): Promise<void> {
    const limit = performance.now() + RECOVERY_LIMIT_MS
    while ((await this.go(path)).statusCode !== 200) {
      if (performance.now() > limit) throw new Error('the application did not recover')
      await pause(10)
    }
  }

  /** Asks until the application has found out by itself that the store is back; the data of the session. */
  async recovered (): Promise<Record<string, number>> {
    const limit = performance.now() + RECOVERY_LIMIT_MS
    for (;;) {
      const data = await this.data()
      if (data !== null) return data
      if (performance.now() > limit) throw new Error('the application did not recover')
      await pause(10)
    }
  }

  /** Sends a request that must be answered with 503, `Retry-After` and no cookie. */
  async assertUnavailable (path: string): Promise<void> {
    const { statusCode, headers, body } = await this.go(path)
    this.#t.equal(statusCode, 503, `${path}: ${body}`)
    this.#t.ok(Number(headers['retry-after']) > 0, 'with Retry-After')
    this.#t.equal(headers['set-cookie'], undefined, 'without a cookie')
  }
}

/** A visitor of an application on this backend, with a session whose data are `{ made: 1 }`. */
export async function visitor (t: Test, backend: SessionBackend): Promise<Visitor> {
  const app = await createApp(t, { backend, timeout: TIMEOUT_MS / 1_000, cookie: { name: 'sid', secure: false } })
  const it = new Visitor(t, app)
  app.get('/', async request => loose(request).data())
  app.get('/anonymous', { config: { session: { onUnavailable: 'anonymous' } } }, async request => {
    loose(request)['lost'] = 1
    return loose(request).data()
  })
  app.get<{ Params: { key: string, value: string } }>('/set/:key/:value', async request => {
    // The session is loaded before the trouble begins.
    loose(request).has('made')
    await it.meanwhile()
    loose(request)[request.params.key] = Number(request.params.value)
    return null
  })
  app.get('/add', async request => {
    return await loose(request).transaction(async (data: { count?: number }) => {
      data.count = (data.count ?? 0) + 1
      await it.meanwhile()
    }) ?? null
  })
  app.get('/leave', async request => {
    await it.meanwhile()
    await loose(request).destroy()
    return null
  })
  await it.go('/set/made/1')
  return it
}
