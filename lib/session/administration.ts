import type { FastifyBaseLogger } from 'fastify'
import type { Awaitable, ListFilter, ListPage, Session as PublicSession, SessionInfo, SessionPayload, SessionRecord, Sessions } from '../../types/index.d.ts'
import type { Carrier } from '../lifecycle/cookie-transport.ts'
import type { Payload } from '../payload/changes.ts'
import { optionsCheck } from '../tools/check-options.ts'
import { SessionContext } from '../lifecycle/state.ts'
import type { Base, Core } from '../store/registration.ts'
import { endSession } from '../lifecycle/end.ts'
import { NotSupportedError, SessionDestroyedError, SessionSerializationError } from '../errors.ts'
import type { Flow } from '../tools/flow.ts'
import { SessionHandle } from './handle.ts'
import { loadSession } from '../lifecycle/operations.ts'
import { assertValid } from '../lifecycle/draft.ts'
import { assertNotRevoked, lastRevocation, markRevoked, withMark } from '../lifecycle/revocations.ts'
import type { RoutePolicy } from '../config/routes.ts'
import { assertSubject, face } from './session.ts'
import { assertFits } from '../lifecycle/write.ts'

type Data = Record<string, unknown>

const REMOVED_PER_BATCH = 1_000

const limit = { description: 'an integer above 0', type: 'integer', minimum: 1 }
const text = { description: 'a string', type: 'string' }
const checkFilter = optionsCheck({
  description: 'an object of filters', type: 'object', additionalProperties: false, properties: { subject: text, limit, cursor: text }
})
const checkRemoval = optionsCheck({
  description: 'an object with limit', type: 'object', additionalProperties: false, properties: { limit }
})

/** `app.sessions`: sessions outside a request. What the backend cannot do rejects with `NotSupportedError`. */
export class SessionAdministration implements Sessions<Data> {
  readonly #core: Core
  readonly #log: FastifyBaseLogger
  readonly #route: RoutePolicy
  readonly #carrierOf: (header: string | undefined) => Carrier

  constructor (core: Core, log: FastifyBaseLogger, route: RoutePolicy, carrierOf: (header: string | undefined) => Carrier) {
    this.#carrierOf = carrierOf
    this.#core = core
    this.#log = log
    this.#route = route
  }

  async get (id: string): Promise<SessionInfo<Data> | null> {
    this.#assertServerSide('get()')
    const base = await this.#core.run(this.#core.fetch(id))
    return base === null ? null : this.#info(base)
  }

  async exists (id: string): Promise<boolean> {
    this.#assertServerSide('exists()')
    const { backend } = this.#core
    // Cheaper where it is answered with no; a tombstone exists, and is no session.
    if (backend.exists !== undefined && !(await this.#core.run(this.#core.call('look for', () => backend.exists!(id))))) return false
    return await this.get(id) !== null
  }

  async open (cookieHeader: string | undefined): Promise<PublicSession<Data>> {
    const context = this.#context(cookieHeader)
    await loadSession(context)
    return new SessionHandle(context).visible as unknown as PublicSession<Data>
  }

  async create (data: SessionPayload<Data>, { subject }: { subject?: string } = {}): Promise<{ id: string, cookie: string }> {
    if (subject !== undefined) assertSubject(subject)
    if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new SessionSerializationError('session', 'must be an object')
    const context = this.#context(undefined)
    const token = await this.#core.run(this.#store(context, data, subject ?? null))
    return { id: context.id, cookie: this.#core.lines.header(token) }
  }

  async revoke (id: string): Promise<void> {
    this.#assertServerSide('revoke()')
    await this.#core.run(endSession(this.#core, id, null))
    this.#core.publish(this.#log, 'revoked', id)
  }

  async revokeSubject (subject: string, { except }: { except?: string } = {}): Promise<number> {
    assertSubject(subject)
    const removeSubject = this.#core.optional('removeSubject', 'revokeSubject()')
    // First those that are being made, then the store: one that is stored between the two is in it.
    await this.#core.run(markRevoked(this.#core, subject))
    const remove = () => removeSubject(subject, except === undefined ? {} : { except })
    const removed = await this.#core.run(this.#core.call('removeSubject', remove))
    this.#core.publish(this.#log, 'revoked', null, 'subject')
    return removed
  }

  async revokeAll (): Promise<void> {
    const removeAll = this.#core.optional('removeAll', 'revokeAll()')
    // Twice: a session may get a new id while a store goes through those it has, and be stored behind its back.
    for (let look = 0; look < 2; look++) await this.#call('removeAll', () => removeAll())
    this.#core.publish(this.#log, 'revoked', null, 'all')
  }

  async list (filter: ListFilter = {}): Promise<ListPage<SessionInfo<Data>>> {
    checkFilter(filter, 'list')
    const list = this.#core.optional('list', 'list()')
    const { sessions, cursor } = await this.#call('list', () => list(filter))
    return { sessions: sessions.flatMap(record => this.#listed(record)), cursor }
  }

  #listed (record: SessionRecord): Array<SessionInfo<Data>> {
    try {
      const base = this.#core.standing(record, null)
      return base === null ? [] : [this.#info(base)]
    } catch {
      // Written by a newer deployment, and of no use here: it must not hide all the others.
      return []
    }
  }

  async count (filter: { subject?: string } = {}): Promise<number> {
    checkFilter(filter, 'count')
    const count = this.#core.optional('count', 'count()')
    return await this.#call('count', () => count(filter))
  }

  async removeExpired ({ limit, ...rest }: { limit?: number } = {}): Promise<number> {
    checkRemoval({ ...rest, ...(limit === undefined ? {} : { limit }) }, 'removeExpired')
    const removeExpired = this.#core.optional('removeExpired', 'removeExpired()')
    let removed = 0
    for (;;) {
      const most = Math.min(REMOVED_PER_BATCH, (limit ?? Infinity) - removed)
      const batch = await this.#call('removeExpired', () => removeExpired({ limit: most }))
      removed += batch
      if (batch < most || removed === limit) return removed
      // Requests come between two batches.
      await new Promise(resolve => { setImmediate(resolve) })
    }
  }

  #context (cookieHeader: string | undefined): SessionContext {
    return new SessionContext(this.#core, this.#carrierOf(cookieHeader), this.#route, face)
  }

  * #store (context: SessionContext, data: Payload, subject: string | null): Flow<string> {
    const core = this.#core
    assertValid(data, core.codec)
    const serialized = core.codec.serialize(data)
    const mark = yield * lastRevocation(core, subject)
    const record = context.recordOf(null, { text: serialized, subject, policy: withMark(null, mark) })
    if (core.isSelfContained) {
      const token = yield * core.seal(record, { data })
      assertFits(core, token, serialized)
      core.publish(this.#log, 'created', record.id)
      return token
    }
    if ((yield * core.put(record, 0, { data })) !== true) throw new SessionDestroyedError('it was ended while it was created')
    try {
      yield * assertNotRevoked(core, subject, mark)
    } catch (error) {
      yield * endSession(core, record.id, record)
      throw error
    }
    core.publish(this.#log, 'created', record.id)
    return context.token!
  }

  async #call<T> (operation: string, send: () => Awaitable<T>): Promise<T> {
    // Going through all sessions takes its time; `timeout` is for those who wait for a page.
    return await this.#core.run(this.#core.call(operation, send), Infinity)
  }

  #info ({ record, text }: Base): SessionInfo<Data> {
    const { id, subject, createdAt, lastAccessedAt } = record
    return {
      id,
      data: this.#core.codec.deserialize(text),
      subject,
      createdAt: new Date(createdAt),
      lastAccessedAt: new Date(lastAccessedAt),
      expiresAt: new Date(this.#core.deadline(record))
    }
  }

  #assertServerSide (operation: string): void {
    if (this.#core.isSelfContained) throw new NotSupportedError(this.#core.backendName, operation, 'its sessions are stored nowhere but in their cookies')
  }
}
