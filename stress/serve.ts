import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.ts'
import { createOtherApp, FASTIFY_SESSION } from './fastify-session.ts'
import { openStore } from './stores.ts'

/** What a server needs to know. */
export interface ServerOptions {
  readonly store: string
  readonly space: string
  readonly url: string | null
  readonly absoluteMs: number
  readonly timeoutMs: number
}

/** What it answers when it listens. */
export interface Ready {
  readonly port: number
  readonly canRevoke: boolean
  readonly canList: boolean
  /** Whether it goes by the clock that it is given. */
  readonly hasClock: boolean
}

/** An application on a store, on a free port. */
export async function serve ({ store, space, url, ...options }: ServerOptions, now: () => number): Promise<{ app: FastifyInstance, ready: Ready }> {
  const isOther = store === FASTIFY_SESSION
  const backend = isOther ? null : await openStore(store, space, url)
  const app = backend === null ? await createOtherApp() : await createApp(backend, { ...options, now })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { app, ready: { port, canRevoke: backend?.removeSubject !== undefined, canList: backend?.list !== undefined, hasClock: !isOther } }
}
