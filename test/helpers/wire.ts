import diagnostics from 'node:diagnostics_channel'
import Fastify, { type FastifyInstance, type FastifyServerOptions, type LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { CookieBackend, MemoryBackend, sessions, type Session, type SessionBackend, type SessionEvent, type SessionOptions } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'

export const SECRET = 'a secret of more than thirty-two bytes'
export const NAME = '__Host-session'
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** The two backends of the main entry point: a session in its cookie, and one on the server. */
export const kinds = ['cookie', 'memory'] as const
export type Kind = (typeof kinds)[number]

export interface Log { level: number, msg: string, err?: { code?: string } }
export type LooseSession = Session<Record<string, any>>

export interface Wire {
  readonly app: FastifyInstance
  readonly backend: FaultyBackend
  readonly clock: { now: number }
  readonly events: SessionEvent[]
  readonly logs: Log[]
  /** Messages at warning level. */
  warnings (): string[]
  /** What the backend was asked to do since the last call of this. */
  operations (): string[]
}

export interface Setup {
  options?: SessionOptions
  server?: FastifyServerOptions
  /** Runs before the plugin is registered. */
  before?: (app: FastifyInstance) => unknown
}

export function backendOf (kind: Kind): SessionBackend {
  return kind === 'cookie' ? new CookieBackend() : new MemoryBackend()
}

/**
 * An application with sessions, whose backend, clock, log and events a test can see. It ends with the test, which fails
 * when a rejection or an exception went unhandled meanwhile.
 */
export async function wire (t: Test, kind: Kind, { options = {}, server = {}, before }: Setup = {}): Promise<Wire> {
  const clock = { now: Date.UTC(2027, 0, 1) }
  const backend = new FaultyBackend(options.backend ?? backendOf(kind))
  const logs: Log[] = []
  const stream = { write: (line: string) => { logs.push(JSON.parse(line)) } }
  const app = Fastify({ logger: { level: 'info', stream }, ...server } as FastifyServerOptions)
  expectNothingUnhandled(t)
  const events = collectEvents(t)
  t.teardown(() => app.close())
  await before?.(app)
  await app.register(sessions, { secret: SECRET, now: () => clock.now, ...options, backend })
  return {
    app,
    backend,
    clock,
    events,
    logs,
    warnings: () => logs.filter(({ level }) => level === 40).map(({ msg }) => msg),
    operations: () => backend.calls.splice(0).map(({ operation }) => operation)
  }
}

/** A session whose data have no declared type. */
export function loose (request: { session: unknown }): LooseSession { return request.session as LooseSession }

/** Stores a session by way of a request; its `Cookie` header. */
export async function signedUp ({ app }: Wire, data: Record<string, unknown> = { user: 'ada' }): Promise<string> {
  return (await app.sessions.create(data)).cookie
}

/** Set-Cookie lines as they are on the wire. */
export function cookieLines ({ headers }: Pick<LightMyRequestResponse, 'headers'>): string[] {
  const lines = headers['set-cookie']
  return lines === undefined ? [] : Array.isArray(lines) ? lines : [lines]
}

/** The `Cookie` header that a browser would send after this response. */
export function cookieOf (response: Pick<LightMyRequestResponse, 'headers'>): string {
  return cookieLines(response).filter(line => !/Max-Age=0/.test(line)).map(line => line.split(';')[0]).join('; ')
}

/** Lines without what a second run would change: the session's text. */
export function shapes (response: Pick<LightMyRequestResponse, 'headers'>): string[] {
  return cookieLines(response).map(line => line.replace(/=[^;]*/, '=…'))
}

/** Holds whoever waits for it, and says when somebody does. */
export class Gate {
  readonly reached: Promise<void>
  readonly opened: Promise<void>
  #reach!: () => void
  #open!: () => void

  constructor () {
    this.reached = new Promise(resolve => { this.#reach = resolve })
    this.opened = new Promise(resolve => { this.#open = resolve })
  }

  readonly pass = (): Promise<void> => {
    this.#reach()
    return this.opened
  }

  readonly open = (): void => { this.#open() }
}

/** Lets everything run that is due: callbacks, promises, streams. */
export async function settled (): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => { setImmediate(resolve) })
}

function collectEvents (t: Test): SessionEvent[] {
  const events: SessionEvent[] = []
  const listen = (event: unknown) => { events.push(event as SessionEvent) }
  diagnostics.subscribe('fastsessions', listen)
  t.teardown(() => { diagnostics.unsubscribe('fastsessions', listen) })
  return events
}

function expectNothingUnhandled (t: Test): void {
  const unhandled: unknown[] = []
  const listen = (error: unknown) => { unhandled.push(error) }
  process.on('unhandledRejection', listen).on('uncaughtException', listen)
  t.teardown(async () => {
    await settled()
    process.off('unhandledRejection', listen).off('uncaughtException', listen)
    if (unhandled.length > 0) throw unhandled[0]
  })
}
