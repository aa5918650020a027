import { hash } from 'node:crypto'
import type { BackendContext, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { NotSupportedError } from '../errors.ts'
import { unexpected } from '../tools/check-options.ts'
import { call, type ExpressStore, isExpressStore } from '../tools/express-call.ts'
import { isId } from '../record/ids.ts'
import { encodeRecord } from '../record/record-text.ts'
import { DEFAULT_PAGE, MAIN_PROPERTY } from './conventions.ts'
import { entriesIn, readableRecord, recordIn, storedBy } from './express-answers.ts'
import { isListed, type KeyFilter, keysIn } from './index-keys.ts'

export type { ExpressStore }

/**
 * Keeps sessions in a store made for express-session, such as the `connect-*` packages: `get` reads a session, `set`
 * writes a session, `destroy` removes a session.
 *
 *     const backend = fromExpressStore(new RedisStore({ client }))
 *
 * Not guaranteed: `set` of such a store overwrites without a compare-and-set. So this backend is not atomic. Parallel
 * requests can overwrite each other's changes, a request still running can bring back a session which has ended, and
 * `transaction()` and `onConflict: 'error'` are refused. There is no `removeSubject` and no `removeLabel`. `list`, `count` and
 * `removeAll` are there if the store has `all`, and read the whole store. Without `all`, `length` serves `count` and `clear`
 * serves `removeAll`: both concern everything in the store, whoever stored it. Otherwise sessions which express-session stored
 * there are neither read nor changed.
 *
 * @throws InvalidOptionsError when the value is not a store
 */
export function fromExpressStore (store: ExpressStore): SessionBackend {
  if (isExpressStore(store)) return new ExpressStoreBackend(store, { property: MAIN_PROPERTY, now: Date.now })
  const remedy = 'for example `new RedisStore({ client })` of connect-redis'
  throw unexpected('store', 'a store for express-session, with get, set and destroy', store, remedy)
}

class ExpressStoreBackend implements SessionBackend {
  readonly list?: (filter: ListFilter) => Promise<ListPage<SessionRecord>>
  readonly count?: (filter: KeyFilter) => Promise<number>
  readonly removeAll?: () => Promise<void>
  readonly #store: ExpressStore
  readonly #property: string
  readonly #now: () => number

  constructor (store: ExpressStore, { property, now }: Pick<BackendContext, 'property' | 'now'>) {
    this.#store = store
    this.#property = property
    this.#now = now
    // The core looks whether a method is there.
    if (typeof store.all === 'function') {
      this.list = filter => this.#page(filter)
      this.count = async filter => (await this.#live(filter)).length
      this.removeAll = () => this.#destroyAll()
      return
    }
    if (typeof store.length === 'function') this.count = filter => this.#length(filter)
    if (typeof store.clear === 'function') this.removeAll = async () => { await call(done => store.clear!(done)) }
  }

  bind ({ property, now }: BackendContext): SessionBackend { return new ExpressStoreBackend(this.#store, { property, now }) }

  /** @throws BackendContractError when the store answers with what no store for express-session answers */
  async read (id: string): Promise<SessionRecord | null> {
    if (!isId(id)) return null
    const record = recordIn(id, await call(done => this.#store.get(this.#keyOf(id), done), 'ENOENT'))
    return record !== null && record.expiresAt > this.#now() ? record : null
  }

  async write (id: string | null, record: SessionRecord): Promise<string> {
    const leftMs = record.expiresAt - this.#now()
    if (leftMs <= 0) await this.remove(id!)
    else {
      const session = { cookie: cookieOf(leftMs), fastsessions: encodeRecord(record), fastsessionsOf: storedBy(this.#property, id!) }
      await call(done => this.#store.set(this.#keyOf(id!), session, done))
    }
    return id!
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await call(done => this.#store.destroy(this.#keyOf(id), done), 'ENOENT')
  }

  /** Pages in order of id: a session stored or removed between two pages neither hides a session nor repeats one. */
  async #page ({ limit = DEFAULT_PAGE, cursor = '', ...filter }: ListFilter): Promise<ListPage<SessionRecord>> {
    const found = (await this.#live(filter)).filter(({ id }) => id > cursor).sort((a, b) => a.id < b.id ? -1 : 1)
    const sessions = found.slice(0, limit)
    return { sessions, cursor: found.length > limit ? sessions.at(-1)!.id : null }
  }

  async #live (filter: KeyFilter): Promise<SessionRecord[]> {
    const now = this.#now()
    const records = (await this.#all()).map(readableRecord)
    return records.filter(record => record !== null && record.expiresAt > now && isListed(record, filter)) as SessionRecord[]
  }

  async #all (): Promise<ReturnType<typeof entriesIn>> {
    return entriesIn(await call(done => this.#store.all!(done)), this.#property)
  }

  async #destroyAll (): Promise<void> {
    for (const { id } of await this.#all()) await this.remove(id)
  }

  async #length (filter: KeyFilter): Promise<number> {
    const [key] = keysIn(filter)
    if (key !== undefined) throw new NotSupportedError('This express-session store', `counting by ${key.kind}`, 'it has no `all`')
    return Number(await call(done => this.#store.length!(done)))
  }

  /** Registrations share the store, which only knows ids. */
  #keyOf (id: string): string { return this.#property === MAIN_PROPERTY ? id : hash('sha256', storedBy(this.#property, id)) }
}

/** Stores take the time to live of a session from this object. They use the clock of this machine, and so does `expires`. */
function cookieOf (leftMs: number): object {
  return { originalMaxAge: leftMs, maxAge: leftMs, expires: new Date(Date.now() + leftMs), httpOnly: true, path: '/' }
}
