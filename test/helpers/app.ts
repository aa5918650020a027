import diagnostics from 'node:diagnostics_channel'
import Fastify, { type FastifyInstance, type FastifyServerOptions, type LightMyRequestResponse } from 'fastify'
import { CookieBackend, MemoryBackend, sessions } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { Session, SessionBackend, SessionEvent, SessionOptions } from '../../types/index.d.ts'
import { Browser, type Job, Jobs } from './browser.ts'
import { settled } from './gate.ts'
import { START } from './times.ts'

export const SECRET = 'a secret of more than thirty-two bytes'
export const OLD_SECRET = 'an older one of more than thirty-two bytes'

/** The two backends of the main entry point: a session in its cookie, and a session on the server. */
export const kinds = ['cookie', 'memory'] as const
export type Kind = (typeof kinds)[number]

export function backendOf (kind: Kind): SessionBackend {
  return kind === 'cookie' ? new CookieBackend() : new MemoryBackend()
}

/** The part of a test that these helpers need. */
interface Test { teardown (end: () => unknown): unknown }

export interface AppSetup {
  server?: FastifyServerOptions
  /** Runs before the plugin is registered. */
  before?: (app: FastifyInstance) => unknown
}

/** An application with the plugin and exactly these options, closed at the end of the test. */
export async function createApp (t: Test, options: SessionOptions, { server = {}, before }: AppSetup = {}): Promise<FastifyInstance> {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await before?.(app)
  await app.register(sessions, options)
  return app
}

/** An error as the log has it. */
export interface LoggedError { code?: string, message: string, detail?: string, path?: string, keys?: unknown }

export interface Log { level: number, msg: string, err?: LoggedError }

/** An application, and everything that a test can see of the application. */
export interface Site<Backend = FaultyBackend> {
  readonly app: FastifyInstance
  readonly backend: Backend
  /** Set `clock.now` to move the time of the sessions. */
  readonly clock: { now: number }
  readonly events: SessionEvent[]
  readonly logs: Log[]
  /** Messages at warning level. */
  warnings (): string[]
  /** The errors in the log, oldest first. */
  errors (): LoggedError[]
  /** The operations that a `FaultyBackend` was asked for since the last call. */
  operations (): string[]
  /** A new browser. The first call adds the routes of browser.ts, so it must come before the first request. */
  browser (): Browser
  /** One request to a route of browser.ts with this `Cookie` header; an empty text sends no header. */
  call (url: string, cookie: string, job: Job): Promise<LightMyRequestResponse>
}

export interface SiteOptions extends Omit<SessionOptions, 'backend'>, AppSetup {
  /** A kind makes a new backend of that kind inside a `FaultyBackend`; a backend is used unchanged. Default: `'cookie'`. */
  backend?: Kind | SessionBackend
}

/**
 * An application with sessions, whose backend, clock, log and events a test can see. The application closes at the end of
 * the test, and the test fails when a rejection or an exception went unhandled.
 *
 * ```ts
 * const site = await createSite(t, { backend: 'memory', idleTimeout: 60 })
 * const browser = site.browser()
 * await browser.run(({ session }) => { session.user = 'ada' })
 * ```
 */
export async function createSite<Given extends Kind | SessionBackend = 'cookie'> (
  t: Test, { server, before, ...options }: SiteOptions & { backend?: Given } = {}
): Promise<Site<Given extends Kind ? FaultyBackend : Given>> {
  const given = options.backend ?? 'cookie'
  const backend = typeof given === 'string' ? new FaultyBackend(backendOf(given)) : given
  const clock = { now: START }
  const logs: Log[] = []
  const stream = { write: (line: string) => { logs.push(JSON.parse(line)) } }
  expectNothingUnhandled(t)
  const events = collectEvents(t)
  const app = await createApp(t, { secret: SECRET, now: () => clock.now, ...options, backend }, {
    server: { logger: { level: 'info', stream }, ...server },
    ...(before && { before })
  })
  let known: Jobs | undefined
  const jobs = (): Jobs => {
    known ??= new Jobs(app)
    return known
  }
  return {
    app,
    backend: backend as Given extends Kind ? FaultyBackend : Given,
    clock,
    events,
    logs,
    warnings: () => logs.filter(({ level }) => level === 40).map(({ msg }) => msg),
    errors: () => logs.flatMap(({ err }) => err ?? []),
    operations: () => backend instanceof FaultyBackend ? backend.calls.splice(0).map(({ operation }) => operation) : [],
    browser: () => new Browser(jobs()),
    call: (url, cookie, job) => jobs().run(job, url, cookie)
  }
}

export type LooseSession = Session<Record<string, any>>

/** A session whose data have no declared type. */
export function loose (request: { session: unknown }): LooseSession { return request.session as LooseSession }

/** Stores a session outside any request, and returns the `Cookie` header for the session. */
export async function signedUp ({ app }: Pick<Site, 'app'>, data: Record<string, unknown> = { user: 'ada' }): Promise<string> {
  return (await app.sessions.create(data)).cookie
}

/** Collects the life-cycle events of all sessions from now to the end of the test. */
export function collectEvents (t: Test): SessionEvent[] {
  const events: SessionEvent[] = []
  const listen = (event: unknown) => { events.push(event as SessionEvent) }
  diagnostics.subscribe('fastsessions', listen)
  t.teardown(() => { diagnostics.unsubscribe('fastsessions', listen) })
  return events
}

const watched = new WeakSet<Test>()

function expectNothingUnhandled (t: Test): void {
  if (watched.has(t)) return
  watched.add(t)
  const unhandled: unknown[] = []
  const listen = (error: unknown) => { unhandled.push(error) }
  process.on('unhandledRejection', listen).on('uncaughtException', listen)
  t.teardown(async () => {
    await settled()
    process.off('unhandledRejection', listen).off('uncaughtException', listen)
    if (unhandled.length > 0) throw unhandled[0]
  })
}
