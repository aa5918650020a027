import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { SessionBackend, SessionInfo } from '../../types/index.d.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { type AnyRequest, Jobs } from '../helpers/browser.ts'
import { START } from '../helpers/times.ts'
import { edit, editInside, next } from './edits.ts'
import { Jar } from './jar.ts'
import { Calls } from './quiet.ts'
import { SECOND, type Settings } from './settings.ts'
import type { Act, Data, Outcome, Route, Stored, View } from './steps.ts'

/** What came of a real request, with the headers that say who may keep the answer. */
export interface RealOutcome extends Outcome { readonly headers: { vary: string, cacheControl: string } }

/** A real application with a clock and a browser. */
export class Reality {
  readonly app: FastifyInstance
  readonly jar = new Jar()
  readonly #jobs: Jobs
  readonly #clock: { now: number }
  readonly #calls: Calls
  readonly #close: () => Promise<void>

  private constructor (app: FastifyInstance, clock: { now: number }, calls: Calls, close: () => Promise<void>) {
    this.app = app
    this.#clock = clock
    this.#calls = calls
    this.#close = close
    this.#jobs = new Jobs(app)
  }

  static async open (backend: SessionBackend, settings: Settings): Promise<Reality> {
    const ends: Array<() => unknown> = []
    const clock = { now: START }
    const calls = new Calls()
    const { persistent, idleMs, absoluteMs, renewAfter, onConflict } = settings
    const app = await createApp({ teardown: end => { ends.push(end) } }, {
      // The answers of a backend that holds everything itself have all come when the request is over.
      backend: backend.selfContained === true ? backend : calls.watch(backend),
      secret: SECRET,
      now: () => clock.now,
      cookie: { persistent },
      idleTimeout: idleMs / SECOND,
      absoluteTimeout: absoluteMs === null ? null : absoluteMs / SECOND,
      renewAfter,
      onConflict
    }, { server: { logger: { level: 'fatal' } } })
    return new Reality(app, clock, calls, async () => { for (const end of ends) await end() })
  }

  close (): Promise<void> { return this.#close() }

  /** Resolves when everything is stored, also what no request waits for. */
  settled (): Promise<void> { return this.#calls.settled() }

  get now (): number { return this.#clock.now }

  wait (ms: number): void { this.#clock.now += ms }

  /** @param pause runs between two parts of what the handler does */
  async request (route: Route, parts: readonly Act[][] | null, pause: () => Promise<void> = async () => {}): Promise<RealOutcome> {
    const views: View[] = []
    const begin = this.now
    const response = await this.#jobs.run(async request => {
      if (parts === null) return
      views.push(viewOf(request, null))
      for (const [index, acts] of parts.entries()) {
        if (index > 0) await pause()
        for (const act of acts) views.push(viewOf(request, await this.#try(request, act)))
      }
    }, route, this.jar.header)
    return { status: response.statusCode, views, cookie: this.jar.receive(response, begin, this.now), headers: headersOf(response) }
  }

  async #try (request: AnyRequest, act: Act): Promise<string | null> {
    try {
      await this.#do(request.session, act)
      return null
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    }
  }

  async #do (session: any, act: Act): Promise<void> {
    switch (act.do) {
      case 'wait': this.wait(act.ms); break
      case 'assign': session[act.key] = structuredClone(act.value); break
      case 'set': session.set(act.key, structuredClone(act.value)); break
      case 'delete': session.delete(act.key); break
      case 'increment': session.set(act.key, next(session.get(act.key))); break
      case 'inside': editInside({ [act.path[0]!]: session.get(act.path[0]) }, act); break
      case 'push': editInside({ [act.key]: session.get(act.key) }, act); break
      case 'update': session.update(structuredClone(act.data)); break
      case 'setLifetime': session.setLifetime(act.lifetime); break
      case 'login': await session.login(act.subject, structuredClone(act.data)); break
      case 'regenerate': await session.regenerate(act.keep); break
      case 'transaction': await session.transaction((data: Data) => { for (const change of act.edits) edit(data, change) }); break
      case 'reload':
        await this.settled()
        await session.reload()
        break
      default: await session[act.do]()
    }
  }

  // ------------------------------------------------------------------------------------------ what is stored

  /** The session that a `Cookie` header opens. */
  async opened (header: string): Promise<Stored | null> {
    const session = await this.app.sessions.open(header)
    if (session.isNew) return null
    const { id, subject, createdAt, lastAccessedAt, expiresAt } = session
    return plain({ id, data: session.data(), subject, createdAt, lastAccessedAt, expiresAt })
  }

  async listed (): Promise<Stored[]> { return (await this.app.sessions.list({ limit: 1_000 })).sessions.map(plain) }
}

type Shown = Pick<SessionInfo, 'id' | 'data' | 'subject' | 'createdAt' | 'lastAccessedAt' | 'expiresAt'>

function plain ({ id, data, subject, createdAt, lastAccessedAt, expiresAt }: Shown): Stored {
  return {
    id,
    data: data as Data,
    subject,
    createdAt: createdAt.getTime(),
    lastAccessedAt: lastAccessedAt.getTime(),
    expiresAt: expiresAt.getTime()
  }
}

function viewOf ({ session }: AnyRequest, error: string | null): View {
  const { id, isNew, isEmpty, isModified } = session
  const [createdAt, lastAccessedAt, expiresAt] = [session.createdAt, session.lastAccessedAt, session.expiresAt].map(date => date.getTime())
  const more = { id, isNew, isEmpty, isModified, createdAt, lastAccessedAt, expiresAt }
  return { error, data: session.data(), subject: session.subject, more }
}

function headersOf ({ headers }: LightMyRequestResponse): RealOutcome['headers'] {
  return { vary: String(headers.vary ?? ''), cacheControl: String(headers['cache-control'] ?? '') }
}
