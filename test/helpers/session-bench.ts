import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type LightMyRequestResponse } from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import type { SessionBackend, SessionOptions, SessionRouteOptions } from '../../types/index.d.ts'

/** Data of any shape: most tests are about behaviour, not about types. */
export type AnyRequest = Omit<FastifyRequest, 'session'> & { session: any }
export type Job = (request: AnyRequest, reply: FastifyReply) => unknown

export const SECRET = 'a secret of at least thirty-two bytes'
export const START = Date.UTC(2027, 2, 1)

const ROUTES: Readonly<Record<string, false | SessionRouteOptions>> = {
  '/': {},
  '/off': false,
  '/by-hand': { autoload: false },
  '/passive': { passive: true },
  '/required': { required: true },
  '/signed-in': { required: 'subject' },
  '/anonymous': { onUnavailable: 'anonymous' }
}

interface Test { teardown (fn: () => unknown): unknown }

/** An application whose handlers are written in the test, at the place where they are called. */
export class Bench {
  readonly app: FastifyInstance
  readonly clock: { now: number }
  readonly logs: Array<{ level: number, msg: string }>
  readonly #jobs = new Map<string, Job>()

  constructor (clock: { now: number }) {
    const logs: Array<{ level: number, msg: string }> = []
    this.clock = clock
    this.logs = logs
    this.app = Fastify({ logger: { level: 'warn', stream: { write: line => { logs.push(JSON.parse(line)) } } } })
  }

  get warnings (): string[] { return this.logs.filter(({ level }) => level === 40).map(({ msg }) => msg) }

  addRoutes (): void {
    for (const [url, session] of Object.entries(ROUTES)) {
      this.app.get(url, { config: { session } as never }, async (request, reply) =>
        await this.#jobs.get(String(request.headers['x-job']))!(request, reply) ?? null)
    }
  }

  browser (): Browser { return new Browser(this) }

  async call (url: string, cookie: string, job: Job): Promise<LightMyRequestResponse> {
    const name = String(this.#jobs.size)
    this.#jobs.set(name, job)
    return await this.app.inject({ url, headers: { 'x-job': name, host: 'localhost', ...(cookie === '' ? {} : { cookie }) } })
  }
}

/** Keeps cookies as a browser does. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #bench: Bench

  constructor (bench: Bench) {
    this.#bench = bench
  }

  get header (): string { return [...this.cookies].map(pair => pair.join('=')).join('; ') }

  /** Runs a handler in a request of this browser; an answer that is an error fails the test. */
  async run (job: Job, url = '/'): Promise<LightMyRequestResponse> {
    const response = await this.attempt(job, url)
    if (response.statusCode >= 400) throw new Error(`answered with ${response.statusCode}: ${response.body}`)
    return response
  }

  /** The same where an error may be the answer. */
  async attempt (job: Job, url = '/'): Promise<LightMyRequestResponse> {
    const response = await this.#bench.call(url, this.header, job)
    for (const line of setCookies(response)) {
      const [pair = '', ...attributes] = line.split('; ')
      const at = pair.indexOf('=')
      if (attributes.includes('Max-Age=0')) this.cookies.delete(pair.slice(0, at))
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  /** The data of the session, as the next request finds them. */
  async data (): Promise<Record<string, unknown>> {
    return (await this.run(({ session }) => session.data())).json()
  }

  /** Another browser with the same cookies: what a thief, or a second tab, would have. */
  copy (): Browser {
    const copy = this.#bench.browser()
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    return copy
  }
}

export function setCookies (response: LightMyRequestResponse): string[] {
  const lines = response.headers['set-cookie'] ?? []
  return Array.isArray(lines) ? lines : [lines]
}

export interface BenchOptions extends SessionOptions {
  /** Runs before the registration. */
  before?: (app: FastifyInstance) => unknown
  /** Runs after the registration, before the routes. */
  setup?: (app: FastifyInstance) => unknown
}

export async function bench (t: Test, { before, setup, ...options }: BenchOptions = {}): Promise<Bench> {
  const clock = { now: START }
  const result = new Bench(clock)
  t.teardown(() => result.app.close())
  await before?.(result.app)
  await result.app.register(sessions, { secret: SECRET, now: () => clock.now, ...options })
  await setup?.(result.app)
  result.addRoutes()
  await result.app.ready()
  return result
}

/** The two backends that need nothing else. */
export const backends: ReadonlyArray<readonly [string, () => SessionBackend]> = [
  ['cookie', () => new CookieBackend()],
  ['memory', () => new MemoryBackend()]
]

/** Resolves when `open` is called: for holding a backend at one point. */
export function gate (): { opened: Promise<void>, open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>(resolve => { open = resolve })
  return { opened, open }
}
