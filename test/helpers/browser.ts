import type { FastifyInstance, FastifyReply, FastifyRequest, LightMyRequestResponse } from 'fastify'
import type { SessionRouteOptions } from '../../types/index.d.ts'
import { cookieLines } from './cookies.ts'

/** A request whose session has data of any shape: most tests are about behaviour, not about types. */
export type AnyRequest = Omit<FastifyRequest, 'session'> & { session: any }

/** A handler, written in the test at the place of the call. */
export type Job = (request: AnyRequest, reply: FastifyReply) => unknown

/** The routes in which jobs can run, with their session options. */
const ROUTES: Readonly<Record<string, false | SessionRouteOptions>> = {
  '/': {},
  '/off': false,
  '/by-hand': { autoload: false },
  '/passive': { passive: true },
  '/required': { required: true },
  '/signed-in': { required: 'subject' },
  '/anonymous': { onUnavailable: 'anonymous' }
}

/** Runs jobs as handlers of an application. */
export class Jobs {
  readonly #app: FastifyInstance
  readonly #jobs: Job[] = []

  constructor (app: FastifyInstance) {
    this.#app = app
    for (const [url, session] of Object.entries(ROUTES)) {
      app.get(url, { config: { session } as never }, async (request, reply) =>
        await this.#jobs[Number(request.headers['x-job'])]!(request, reply) ?? null)
    }
  }

  async run (job: Job, url: string, cookie: string): Promise<LightMyRequestResponse> {
    const number = this.#jobs.push(job) - 1
    const headers = { 'x-job': String(number), host: 'localhost', ...(cookie === '' ? {} : { cookie }) }
    return await this.#app.inject({ url, headers })
  }
}

/** Sends and keeps cookies as a browser does. */
export class Browser {
  readonly cookies: Map<string, string>
  readonly #jobs: Jobs

  constructor (jobs: Jobs, cookies: Iterable<[string, string]> = []) {
    this.#jobs = jobs
    this.cookies = new Map(cookies)
  }

  get header (): string { return [...this.cookies].map(pair => pair.join('=')).join('; ') }

  /** Runs a handler in a request of this browser; an answer that is an error fails the test. */
  async run (job: Job, url = '/'): Promise<LightMyRequestResponse> {
    const response = await this.attempt(job, url)
    if (response.statusCode >= 400) throw new Error(`answered with ${response.statusCode}: ${response.body}`)
    return response
  }

  /** Like `run`, where an error may be the answer. */
  async attempt (job: Job, url = '/'): Promise<LightMyRequestResponse> {
    const response = await this.#jobs.run(job, url, this.header)
    for (const line of cookieLines(response)) {
      const [pair = '', ...attributes] = line.split('; ')
      const at = pair.indexOf('=')
      if (attributes.includes('Max-Age=0')) this.cookies.delete(pair.slice(0, at))
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  /** The data of the session, as another request finds them. */
  async data (): Promise<Record<string, unknown>> {
    return (await this.run(({ session }) => session.data())).json()
  }

  /** Takes over all cookies of another browser, such as one of another application. */
  take ({ cookies }: Browser): this {
    for (const [name, value] of cookies) this.cookies.set(name, value)
    return this
  }

  /** A second browser with the same cookies, as a thief or a second tab has them. */
  copy (): Browser { return new Browser(this.#jobs, this.cookies) }
}
