import Fastify, { type FastifyInstance } from 'fastify'
import sessions, { type SessionBackend, type SessionOptions } from '../../lib/index.ts'

/** A handler's work on `request.session`, chosen by the test. */
export type Work = (session: any) => unknown

export interface Process {
  readonly app: FastifyInstance
  /** One request with this cookie; `work` is what its handler does. */
  request (cookie: string | undefined, work: Work): Promise<{ status: number, body: any, cookies: string[], headers: Record<string, unknown> }>
}

/** An application that runs whatever a test wants as its handler; two of them on one backend are two processes. */
export async function createProcess (backend: SessionBackend, options: SessionOptions = {}): Promise<Process> {
  const app = Fastify()
  const works: Work[] = []
  await app.register(sessions, { backend, ...options })
  app.get('/', async request => {
    const work = works[Number(request.headers['x-work'])]!
    return { result: await work(request.session) ?? null }
  })
  return {
    app,
    async request (cookie, work) {
      const number = works.push(work) - 1
      const response = await app.inject({ url: '/', headers: { 'x-work': String(number), ...(cookie === undefined ? {} : { cookie }) } })
      const set = response.headers['set-cookie'] ?? []
      return { status: response.statusCode, body: response.json(), cookies: [set].flat(), headers: response.headers }
    }
  }
}
