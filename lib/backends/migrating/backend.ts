import type {
  BackendContext, ListedRecord, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord, SessionWatch, WatchOptions, WriteContext
} from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { hide, hideMissing } from '../../tools/missing-methods.ts'
import { listBoth } from './listing.ts'
import { type MigratingBackendOptions, rolesOf } from './options.ts'
import { removeFrom, touchIn, writeTo } from './register.ts'
import { watchBoth } from './watching.ts'
import { locate, type Migration } from './whereabouts.ts'

/** Methods that are there only where both backends have them. */
const WHERE_BOTH = ['touch', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel', 'watch'] as const

/**
 * Moves living sessions from one server-side backend to another, without a sign-out. Two deployments:
 *
 * - step one, on all nodes: `new MigratingBackend(old, { also: next })` finds sessions in both, and writes to the old backend, unless the
 *   session has moved
 * - step two, on all nodes: `new MigratingBackend(next, { from: old })` stores new sessions in the new backend, and moves a session there
 *   when it is written
 *
 * Nodes of both steps may run at the same time: nothing is lost, and nothing that has ended comes back, where both backends are atomic.
 *
 *     app.register(sessions, { backend: new MigratingBackend(new DatabaseBackend(db), { from: new RedisBackend(redis) }) })
 *
 * An optional method is there where both backends have it. docs/backends.md, *Moving to another store*, has the whole procedure.
 */
export class MigratingBackend implements SessionBackend {
  readonly #current: SessionBackend
  readonly #options: MigratingBackendOptions
  readonly #migration: Migration

  /**
   * @param current the backend that is in use now, in step one; the backend to be used from now on, in step two
   * @throws InvalidOptionsError for neither or both of `also` and `from`, for an unknown option, and for what is no backend, keeps sessions
   * in their cookies, or is the same backend
   */
  constructor (current: SessionBackend, options: MigratingBackendOptions, now: () => number = Date.now) {
    const { old, next } = rolesOf(current, options)
    for (const backend of [old, next]) {
      if (backend instanceof MigratingBackend) throw unexpected('backend', 'no move inside of a move', backend, 'finish one move first')
    }
    this.#current = current
    this.#options = options
    this.#migration = { old, next, moves: next === current, now }
    hideMissing(this, WHERE_BOTH, [old, next])
    if (old.serverOf === undefined && next.serverOf === undefined) hide(this, 'serverOf')
  }

  get atomic (): boolean { return this.#migration.old.atomic === true && this.#migration.next.atomic === true }

  bind (context: BackendContext): MigratingBackend {
    const bound = (backend: SessionBackend): SessionBackend => backend.bind?.(context) ?? backend
    const { also, from } = this.#options
    const options = also === undefined ? { from: bound(from!) } : { also: bound(also) }
    return new MigratingBackend(bound(this.#current), options, context.now)
  }

  async prepare (): Promise<void> { await this.#both(async backend => { await backend.prepare?.() }) }

  async close (): Promise<void> { await this.#both(async backend => { await backend.close?.() }) }

  /** Names both servers, since a session takes part of both. */
  serverOf (id: string): string | null {
    const { old, next } = this.#migration
    const names = [old, next].flatMap(backend => backend.serverOf?.(id) ?? [])
    return names.length === 0 ? null : names.join(', ')
  }

  async read (id: string): Promise<SessionRecord | null> { return (await locate(this.#migration, id)).record }

  async write (
    id: string | null, record: SessionRecord, expectedVersion?: number, context?: WriteContext
  ): Promise<string | SessionRecord | null> {
    return await writeTo(this.#migration, id!, record, expectedVersion, context)
  }

  async touch (id: string, record: SessionRecord): Promise<boolean | null> { return await touchIn(this.#migration, id, record) }

  async remove (id: string): Promise<void> { await removeFrom(this.#migration, id) }

  async list (filter: ListFilter): Promise<ListPage<ListedRecord>> { return await listBoth(this.#migration, filter) }

  /** The sum of both: a session that moves at this moment may count twice. */
  async count (filter: Pick<ListFilter, 'subject' | 'label'>): Promise<number> {
    return await this.#sum(async backend => await backend.count!(filter))
  }

  async removeExpired ({ limit }: { limit?: number }): Promise<number> {
    const { old, next } = this.#migration
    if (limit === undefined) return await this.#sum(async backend => await backend.removeExpired!({}))
    const removed = await old.removeExpired!({ limit })
    return removed >= limit ? removed : removed + await next.removeExpired!({ limit: limit - removed })
  }

  async removeAll (): Promise<void> {
    await this.#migration.old.removeAll!()
    await this.#migration.next.removeAll!()
  }

  async removeSubject (subject: string, options: RemoveOptions): Promise<number> {
    return await this.#sum(async backend => await backend.removeSubject!(subject, options))
  }

  async removeLabel (label: string, options: RemoveOptions): Promise<number> {
    return await this.#sum(async backend => await backend.removeLabel!(label, options))
  }

  watch (listener: (id: string | null) => void, options?: WatchOptions): SessionWatch {
    return watchBoth([this.#migration.old, this.#migration.next], listener, options)
  }

  /** The old store first: a session that the old store has no more was copied before. */
  async #sum (ask: (backend: SessionBackend) => Promise<number>): Promise<number> {
    const { old, next } = this.#migration
    return await ask(old) + await ask(next)
  }

  async #both (tell: (backend: SessionBackend) => Promise<void>): Promise<void> {
    await Promise.all([this.#migration.old, this.#migration.next].map(tell))
  }
}
