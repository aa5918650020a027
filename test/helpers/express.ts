import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import session from 'express-session'
import type { Browser } from './browser.ts'

// The types of Express are no dependency of this project.
const express = createRequire(import.meta.url)('express') as () => any

/** A handler of Express, written in the test at the place of the call. */
export type ExpressJob = (request: { session: any, sessionID: string }) => unknown

/** An application of Express with express-session, over HTTP. */
export interface ExpressSite {
  /** Runs a handler in a request with the cookies of a browser, which keeps what comes back. Answers with what the job returned. */
  visit (browser: Pick<Browser, 'cookies' | 'header'>, job: ExpressJob): Promise<any>
}

interface Test { teardown (end: () => unknown): unknown }

export const EXPRESS_SECRET = 'the secret of an application of Express'

export async function createExpress (t: Test, options: Omit<session.SessionOptions, 'store' | 'secret'> & { store: unknown, secret?: string | string[] }): Promise<ExpressSite> {
  const jobs: ExpressJob[] = []
  const app = express()
  app.use(session({ secret: EXPRESS_SECRET, resave: false, saveUninitialized: false, ...(options as object) }))
  app.get('/', async (request: any, response: any) => {
    const answer = await jobs[Number(request.headers['x-job'])]!(request)
    response.json(answer ?? null)
  })
  const server = createServer(app)
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise(resolve => { server.close(resolve) }))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    async visit (browser, job) {
      const number = jobs.push(job) - 1
      const headers = { 'x-job': String(number), connection: 'close', ...(browser.header === '' ? {} : { cookie: browser.header }) }
      const response = await fetch(url, { headers })
      const text = await response.text()
      if (response.status >= 400) throw new Error(`Express answered with ${response.status}: ${text}`)
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';')
        const at = pair.indexOf('=')
        browser.cookies.set(pair.slice(0, at), pair.slice(at + 1))
      }
      return JSON.parse(text)
    }
  }
}

/** `destroy`, `regenerate` and the like of a session of Express. */
export async function done (send: (callback: (error?: Error) => void) => unknown): Promise<void> {
  await new Promise<void>((resolve, reject) => { send(error => { if (error === undefined || error === null) resolve(); else reject(error) }) })
}
