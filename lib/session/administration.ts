import type { FastifyBaseLogger } from 'fastify'
import type {
  Awaitable, ListFilter, ListPage, Session as PublicSession, SessionInfo, SessionPayload, SessionRecord, Sessions
} from '../../types/index.d.ts'
import type { RoutePolicy } from '../config/routes.ts'
import { BackendContractError, NotSupportedError, SessionDestroyedError, SessionSerializationError } from '../errors.ts'
import type { CookieTransport } from '../lifecycle/cookie.ts'
import { assertValid } from '../lifecycle/draft.ts'
import { endSession } from '../lifecycle/end.ts'
import { loadSession } from '../lifecycle/load.ts'
import { toStore } from '../lifecycle/records.ts'
import { assertNotRevoked, beginSignIn, markBefore, markRevoked, type SignIn, withMark } from '../lifecycle/revocations.ts'
import { SessionState } from '../lifecycle/state.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import { isOrphan } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import { abandon } from '../store/server-side.ts'
import type { Flow } from '../tools/flow.ts'
import { removeInBatches } from '../tools/remove-in-batches.ts'
import { SessionHandle } from './handle.ts'
import { assertId, selectionOf } from './selection.ts'
import { assertSubject, face } from './session.ts'

type Data = Record<string, unknown>

/** The sessions of a cookie's name, outside a request; http/ makes them. */
export interface CookieFormat {
  readonly registration: Registration
  /** The cookies of a `Cookie` header that have the name, without a response. */
  transport (header: string | undefined): CookieTransport
  /** The `Cookie` header for a session's text, under the name. */
  header (text: string): string
}

/** `app.sessions`: sessions outside a request. An operation which the backend does not have rejects with `NotSupportedError`. */
export class SessionAdministration implements Sessions<Data> {
  readonly #registration: Registration
  readonly #formats: readonly CookieFormat[]
  readonly #log: FastifyBaseLogger
  readonly #route: RoutePolicy

  /** @param formats for each name of the cookie: with `secure: 'auto'` that of https, then that of http */
  constructor (formats: readonly CookieFormat[], log: FastifyBaseLogger, route: RoutePolicy) {
    this.#registration = formats[0]!.registration
    this.#formats = formats
    this.#log = log
    this.#route = route
  }

  async get (id: string): Promise<SessionInfo<Data> | null> {
    this.#assertServerSide('get()')
    assertId('get', id)
    const { store } = this.#registration
    const stored = await store.run(store.fetch(id))
    return stored === null ? null : this.#info(stored)
  }

  async exists (id: string): Promise<boolean> {
    this.#assertServerSide('exists()')
    assertId('exists', id)
    const { store } = this.#registration
    const { backend } = store
    // A cheap question first. For the backend a tombstone exists too, so that a yes is looked at.
    const mayExist = backend.exists === undefined || await store.run(store.call('look for', id, () => backend.exists!(id)))
    return mayExist && await this.get(id) !== null
  }

  async open (cookieHeader: string | undefined): Promise<PublicSession<Data>> {
    const [first, ...others] = this.#formats.map(format => this.#state(format, cookieHeader)) as [SessionState, ...SessionState[]]
    let state = first
    await loadSession(state)
    for (const other of others) {
      if (state.base !== null || other.cookies.carried.indexes.length === 0) continue
      state = other
      await loadSession(state)
    }
    return new SessionHandle(state).visible as unknown as PublicSession<Data>
  }

  async create (data: SessionPayload<Data>, options: { subject?: string } = {}): Promise<{ id: string, cookie: string }> {
    const { subject } = selectionOf('create', options)
    if (subject !== undefined) assertSubject(subject)
    const isObject = typeof data === 'object' && data !== null && !Array.isArray(data)
    if (!isObject) throw new SessionSerializationError('session', 'must be an object')
    const state = this.#state(this.#formats[0]!, undefined)
    const called = beginSignIn(this.#registration)
    const cookie = await this.#registration.store.run(this.#store(state, data, subject ?? null, called))
    return { id: state.id, cookie }
  }

  async revoke (id: string): Promise<void> {
    this.#assertServerSide('revoke()')
    assertId('revoke', id)
    const registration = this.#registration
    await registration.store.run(endSession(registration, id, null))
    registration.publish(this.#log, 'revoked', id)
  }

  async revokeSubject (subject: string, options: { except?: string } = {}): Promise<number> {
    assertSubject(subject)
    const given = selectionOf('revokeSubject', options)
    const registration = this.#registration
    const { store } = registration
    const removeSubject = store.optional('removeSubject', 'revokeSubject()')
    // First the sessions which are being made, then the stored sessions: what is stored in between is among the latter.
    let failure: unknown = null
    try {
      await store.run(markRevoked(registration, subject, given.except))
    } catch (error) {
      // A store that is full takes no mark. What is stored can end all the same.
      failure = error
    }
    const removed = await this.#call('removeSubject', () => removeSubject(subject, given))
    registration.publish(this.#log, 'revoked', null, 'subject')
    // Without the mark, a session which was being made meanwhile may have escaped.
    if (failure !== null) throw failure
    return removed
  }

  async revokeAll (): Promise<void> {
    const removeAll = this.#registration.store.optional('removeAll', 'revokeAll()')
    await this.#call('removeAll', () => removeAll())
    // Again: a session which got a new id while the backend went through all sessions may have been missed.
    await this.#call('removeAll', () => removeAll())
    this.#registration.publish(this.#log, 'revoked', null, 'all')
  }

  async list (filter: ListFilter = {}): Promise<ListPage<SessionInfo<Data>>> {
    const given = selectionOf('list', filter)
    const list = this.#registration.store.optional('list', 'list()')
    const { sessions, cursor } = await this.#call('list', () => list(given))
    return { sessions: sessions.flatMap(record => this.#listed(record)), cursor }
  }

  #listed (record: SessionRecord): Array<SessionInfo<Data>> {
    try {
      // Nobody holds a session whose sign-in was not finished.
      const stored = isOrphan(record, this.#registration.now()) ? null : this.#registration.store.sessionOf(record, null)
      return stored === null ? [] : [this.#info(stored)]
    } catch (error) {
      if (error instanceof BackendContractError) throw error
      // A session of a newer deployment which does not fit this deployment must not hide all the rest.
      return []
    }
  }

  async count (filter: { subject?: string } = {}): Promise<number> {
    const given = selectionOf('count', filter)
    const { store } = this.#registration
    const count = store.optional('count', 'count()')
    if (given.subject === undefined || store.backend.list === undefined) return await this.#call('count', () => count(given))
    // The store would count sessions that nobody holds.
    let listed = 0
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: ListPage<SessionInfo<Data>> = await this.list({ subject: given.subject, cursor })
      listed += page.sessions.length
      cursor = page.cursor
    }
    return listed
  }

  async removeExpired (options: { limit?: number } = {}): Promise<number> {
    const given = selectionOf('removeExpired', options)
    const removeExpired = this.#registration.store.optional('removeExpired', 'removeExpired()')
    const remove = async (most: number) => await this.#call('removeExpired', () => removeExpired({ limit: most }))
    return await removeInBatches(remove, given)
  }

  #state ({ registration, transport }: CookieFormat, cookieHeader: string | undefined): SessionState {
    return new SessionState(registration, transport(cookieHeader), this.#route, face)
  }

  /** Answers with the `Cookie` header. */
  * #store (state: SessionState, data: Payload, subject: string | null, called: SignIn): Flow<string> {
    const registration = this.#registration
    const { keeping, store } = registration
    assertValid(data, store.codec)
    const mark = yield * markBefore(registration, subject, called)
    const stored = toStore(state, null, { ...store.codec.write(data), subject, policy: null, meta: withMark(null, mark) })
    const { id } = stored.record
    let isOver = keeping.isInCookie
    try {
      const token = yield * keeping.insert(stored, 0, state.token, store.writeContext(stored.text, undefined))
      // `null`: a different session has the id.
      isOver ||= token === null
      if (token === null) throw new SessionDestroyedError('it was ended while it was created')
      yield * this.#endIfRevoked(stored.record, mark)
      isOver = true
      registration.publish(this.#log, 'created', id)
      return yield * this.#header(stored, token)
    } finally {
      // After an error of the store, and where the time limit has stopped this flow: the write may still be under way.
      if (!isOver) store.runAside(abandon(store, id, registration.now()))
    }
  }

  /** The cookies of a stored session by all their names, so that requests of either scheme find the session. */
  * #header (stored: Stored, token: string): Flow<string> {
    const cookies: string[] = []
    for (const { registration: { keeping, store }, header } of this.#formats) {
      // A text that holds the session is bound to its cookie's name.
      const isSame = keeping === this.#registration.keeping
      const text = isSame ? token : yield * keeping.insert(stored, 0, null, store.writeContext(stored.text, undefined))
      cookies.push(header(text!))
    }
    return cookies.join('; ')
  }

  * #endIfRevoked (record: SessionRecord, mark: number | undefined): Flow<void> {
    try {
      yield * assertNotRevoked(this.#registration, record.subject, mark)
    } catch (error) {
      yield * endSession(this.#registration, record.id, record)
      throw error
    }
  }

  async #call<T> (operation: string, send: () => Awaitable<T>): Promise<T> {
    const { store } = this.#registration
    return await store.run(store.call(operation, null, send))
  }

  #info ({ record, text }: Stored): SessionInfo<Data> {
    const { id, subject, createdAt, lastAccessedAt } = record
    const { store } = this.#registration
    return {
      id,
      data: store.codec.deserialize(text),
      subject,
      createdAt: new Date(createdAt),
      lastAccessedAt: new Date(lastAccessedAt),
      expiresAt: new Date(store.deadline(record))
    }
  }

  #assertServerSide (operation: string): void {
    const { keeping, store } = this.#registration
    if (keeping.isInCookie) throw new NotSupportedError(store.name, operation, 'its sessions are stored nowhere but in their cookies')
  }
}
