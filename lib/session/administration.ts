import type { FastifyBaseLogger } from 'fastify'
import type {
  Awaitable, BackendCall, ListedRecord, ListFilter, ListPage, LoginOptions, RevokeOptions, Session as PublicSession, SessionInfo,
  SessionMetrics, SessionPayload, Sessions
} from '../../types/index.d.ts'
import { assertLabel, assertSubject } from '../config/identity.ts'
import type { RoutePolicy } from '../config/routes.ts'
import { BackendContractError, NotSupportedError, SessionSerializationError } from '../errors.ts'
import { endSession } from '../lifecycle/end.ts'
import { withOwner } from '../lifecycle/identity.ts'
import { loadSession } from '../lifecycle/load.ts'
import { SessionState } from '../lifecycle/state.ts'
import type { Stored } from '../payload/codec.ts'
import { isOrphan } from '../record/record.ts'
import type { EventSource } from '../store/events.ts'
import { Metrics } from '../store/metrics.ts'
import type { Registration } from '../store/registration.ts'
import { removeInBatches } from '../tools/remove-in-batches.ts'
import { type CookieFormat, Creation } from './creation.ts'
import { SessionHandle } from './handle.ts'
import { assertId, selectionOf, signInDetails } from './selection.ts'
import { REVOKED, revokeAll, revokeTarget } from './revoking.ts'
import { face } from './session.ts'

type Data = Record<string, unknown>

/** `app.sessions`: sessions outside a request. An operation which the backend does not have rejects with `NotSupportedError`. */
export class SessionAdministration implements Sessions<Data> {
  readonly #registration: Registration
  readonly #formats: readonly CookieFormat[]
  /** Where events come from. */
  readonly #source: EventSource
  readonly #route: RoutePolicy

  /** @param formats for each name of the cookie: with `secure: 'auto'` that of https, then that of http */
  constructor (formats: readonly CookieFormat[], log: FastifyBaseLogger, route: RoutePolicy) {
    this.#registration = formats[0]!.registration
    this.#formats = formats
    this.#source = { log }
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
    const mayExist = backend.exists === undefined || await store.run(store.call('exists', id, () => backend.exists!(id)))
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

  async create (data: SessionPayload<Data>, options: LoginOptions & { subject?: string } = {}): Promise<{ id: string, cookie: string }> {
    const { subject = null } = selectionOf('create', options)
    const details = signInDetails('create', options)
    const isObject = typeof data === 'object' && data !== null && !Array.isArray(data)
    if (!isObject) throw new SessionSerializationError('session', 'must be an object')
    const state = this.#state(this.#formats[0]!, undefined)
    const creation = new Creation(state, this.#formats, this.#source)
    const cookie = await this.#registration.store.run(creation.run(data, subject, details))
    return { id: state.id, cookie }
  }

  async revoke (id: string, options: RevokeOptions = {}): Promise<void> {
    this.#assertEndable('revoke()')
    assertId('revoke', id)
    const given = selectionOf('revoke', options)
    const registration = this.#registration
    await registration.store.run(endSession(registration, id, null, { meta: REVOKED }))
    registration.publish(this.#source, 'revoked', id, { cause: 'revoke', ...given })
  }

  async revokeSubject (subject: string, options: RevokeOptions & { except?: string | undefined } = {}): Promise<number> {
    assertSubject(subject)
    return await revokeTarget(this.#registration, this.#source, { kind: 'subject', value: subject }, selectionOf('revokeSubject', options))
  }

  async revokeLabel (label: string, options: RevokeOptions & { except?: string | undefined } = {}): Promise<number> {
    assertLabel(label)
    return await revokeTarget(this.#registration, this.#source, { kind: 'label', value: label }, selectionOf('revokeLabel', options))
  }

  async revokeAll (options: RevokeOptions = {}): Promise<void> {
    await revokeAll(this.#registration, this.#source, selectionOf('revokeAll', options))
  }

  metrics (): SessionMetrics {
    return Metrics.sum([...new Set(this.#formats.map(({ registration }) => registration))].map(({ metrics }) => metrics))
  }

  async list (filter: ListFilter = {}): Promise<ListPage<SessionInfo<Data>>> {
    const given = selectionOf('list', filter)
    const list = this.#registration.store.optional('list', 'list()')
    this.#assertTakesLabel(given)
    const { sessions, cursor } = await this.#call('list', () => list(given))
    return { sessions: sessions.flatMap(record => this.#listed(record)), cursor }
  }

  #listed (record: ListedRecord): Array<SessionInfo<Data>> {
    try {
      // Nobody holds a session whose sign-in was not finished.
      const stored = isOrphan(record, this.#registration.now()) ? null : this.#registration.store.sessionOf(record, null)
      return stored === null ? [] : [this.#info(stored, record.extra)]
    } catch (error) {
      if (error instanceof BackendContractError) throw error
      // A session of a newer deployment which does not fit this deployment must not hide all the rest.
      return []
    }
  }

  async count (filter: { subject?: string, label?: string } = {}): Promise<number> {
    const given = selectionOf('count', filter)
    const { store } = this.#registration
    const count = store.optional('count', 'count()')
    this.#assertTakesLabel(given)
    const isOfAll = given.subject === undefined && given.label === undefined
    if (isOfAll || store.backend.list === undefined) return await this.#call('count', () => count(given))
    // The store would count sessions that nobody holds.
    let listed = 0
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: ListPage<SessionInfo<Data>> = await this.list({ ...given, cursor })
      listed += page.sessions.length
      cursor = page.cursor
    }
    return listed
  }

  #assertTakesLabel ({ label }: { label?: string }): void {
    if (label !== undefined) this.#registration.store.optional('removeLabel', 'labels')
  }

  async removeExpired (options: { limit?: number } = {}): Promise<number> {
    const given = selectionOf('removeExpired', options)
    const removeExpired = this.#registration.store.optional('removeExpired', 'removeExpired()')
    const remove = async (most: number) => await this.#call('removeExpired', () => removeExpired({ limit: most }))
    const removed = await removeInBatches(remove, given)
    // The store does not say which they were.
    if (removed > 0) this.#registration.publish(this.#source, 'expired', null, { reason: 'removed', cause: 'expire', ended: removed })
    return removed
  }

  #state ({ registration, transport }: CookieFormat, cookieHeader: string | undefined): SessionState {
    return new SessionState(registration, transport(cookieHeader), this.#route, face)
  }

  async #call<T> (operation: BackendCall['operation'], send: () => Awaitable<T>): Promise<T> {
    const { store } = this.#registration
    return await store.run(store.call(operation, null, send))
  }

  #info (stored: Stored, extra?: ListedRecord['extra']): SessionInfo<Data> {
    const { record, text } = withOwner(this.#registration, stored)
    const { id, subject, createdAt, lastAccessedAt, meta } = record
    const { signedInAt, level = null, labels = [], about = null } = meta ?? {}
    const { store } = this.#registration
    return {
      id,
      data: store.codec.deserialize(text),
      subject,
      createdAt: new Date(createdAt),
      lastAccessedAt: new Date(lastAccessedAt),
      expiresAt: new Date(store.deadline(record)),
      signedInAt: signedInAt === undefined ? null : new Date(signedInAt),
      level,
      labels: [...labels],
      about,
      ...(extra !== undefined && { extra })
    }
  }

  /** For fastsessions/devices, at its start. Throws `NotSupportedError` where the sessions of a subject cannot be listed or ended. */
  assertListsSubjects (): void {
    this.#registration.store.optional('list', 'list()')
    this.#registration.store.optional('removeSubject', 'revokeSubject()')
  }

  #assertEndable (operation: string): void {
    if (this.#registration.revoked === null) this.#assertServerSide(operation)
  }

  #assertServerSide (operation: string): void {
    const { keeping, store } = this.#registration
    if (keeping.isInCookie) throw new NotSupportedError(store.name, operation, 'its sessions are stored nowhere but in their cookies')
  }
}
