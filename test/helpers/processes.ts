import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { SessionBackend, SessionOptions } from '../../lib/index.ts'
import { createApp } from './app.ts'
import { Jobs } from './browser.ts'
import { cookieLines } from './cookies.ts'

/** A handler's work on `request.session`, chosen by the test. */
export type Work = (session: any) => unknown

/** The answer of a request. `body.result` is the return value of the work. */
export interface Answer { status: number, body: any, cookies: string[], headers: Record<string, unknown> }

export interface Process {
  readonly app: FastifyInstance
  /** Sends a request with this `Cookie` header, whose handler runs the work. */
  request (cookie: string | undefined, work: Work): Promise<Answer>
}

/** An application that goes by the clock of the machine. Two applications on one backend stand for two processes. */
export async function createProcess (t: Test, backend: SessionBackend, options: SessionOptions = {}): Promise<Process> {
  const app = await createApp(t, { backend, ...options })
  const jobs = new Jobs(app)
  return {
    app,
    async request (cookie = '', work) {
      const response = await jobs.run(async ({ session }) => ({ result: await work(session) ?? null }), '/', cookie)
      return { status: response.statusCode, body: response.json(), cookies: cookieLines(response), headers: response.headers }
    }
  }
}
