import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.ts'
import { createOtherApp, FASTIFY_SESSION } from './fastify-session.ts'
import { refusing } from './refusing.ts'
import { openStore } from './stores.ts'

export interface Limit { readonly most: number, readonly onLimit: 'evict-oldest' | 'reject' }

/** The options of a server. */
export interface ServerOptions {
  readonly store: string
  readonly space: string
  readonly url: string | null
  readonly absoluteMs: number
  readonly timeoutMs: number
  /** Whether there is a second registration on the same store. */
  readonly hasNeighbour: boolean
  /** How many sessions a subject may have, and what becomes of one more; `null` for no limit. */
  readonly limit: Limit | null
  /** Whether the store refuses large sessions, and fails for marked ones. */
  readonly isRefusing: boolean
}

/** What a server tells once it listens. */
export interface Ready {
  readonly port: number
  readonly canEnd: boolean
  readonly canRevoke: boolean
  readonly canList: boolean
  /** Whether the application goes by the given clock. */
  readonly hasClock: boolean
}

/** An application on a store, on a free port. */
export async function serve (
  { store, space, url, isRefusing, ...options }: ServerOptions, now: () => number
): Promise<{ app: FastifyInstance, ready: Ready }> {
  const isOther = store === FASTIFY_SESSION
  const backend = isOther ? null : await openStore(store, space, url)
  const app = backend === null ? await createOtherApp() : await createApp(isRefusing ? refusing(backend) : backend, { ...options, now })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const [canRevoke, canList] = [backend?.removeSubject !== undefined, backend?.list !== undefined]
  return { app, ready: { port, canEnd: !isOther, canRevoke, canList, hasClock: !isOther } }
}
