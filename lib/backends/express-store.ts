import type { BackendContext, CookieTexts, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { NotSupportedError } from '../errors.ts'
import { hasMethods, unexpected } from '../tools/check-options.ts'
import { call, type ExpressStore, isExpressStore } from '../tools/express-call.ts'
import { backendOptionsCheck, DEFAULT_PAGE, MAIN_PROPERTY } from './conventions.ts'
import { readableRecord, sessionIn } from './express-answers.ts'
import { type Entry, type Layout, type LayoutContext, ownLayout } from './express-layout.ts'
import { sharedLayout } from './express-shared.ts'
import { isListed, type KeyFilter, keysIn } from './index-keys.ts'
import { foreignSecrets, warnOfShortSecrets } from './foreign-secrets.ts'

export type { ExpressStore }

export interface ExpressStoreOptions {
  /**
   * Reads and writes express-session's own records and cookies, so that an Express application shares its sessions: `cookieSecret` is
   * the option `secret` of express-session, one or an array. Set `cookie.name` to its option `name`. @default a layout of our own
   */
  layout?: { cookieSecret: string | Buffer | ReadonlyArray<string | Buffer> }
}

const checkOptions = backendOptionsCheck({
  layout: {
    description: 'an object with `cookieSecret`, the secret of express-session',
    type: 'object',
    additionalProperties: false,
    required: ['cookieSecret'],
    properties: { cookieSecret: { description: 'a secret, or an array of secrets' } }
  }
})

/**
 * Keeps sessions in a store made for express-session, such as the `connect-*` packages: `get` reads a session, `set`
 * writes a session, `destroy` removes a session.
 *
 *     const backend = fromExpressStore(new RedisStore({ client }))
 *     const shared = fromExpressStore(new RedisStore({ client }), { layout: { cookieSecret: process.env.EXPRESS_SECRET } })
 *
 * Not guaranteed: `set` of such a store overwrites without a compare-and-set. So this backend is not atomic. Parallel
 * requests can overwrite each other's changes, a request still running can bring back a session which has ended, and
 * `transaction()` and `onConflict: 'error'` are refused. There is no `removeSubject` and no `removeLabel`. `list`, `count` and
 * `removeAll` are there if the store has `all`, and read the whole store. Without `all`, `length` serves `count` and `clear`
 * serves `removeAll`: both concern everything in the store, whoever stored it. Without `layout`, sessions which express-session stored
 * there are neither read nor changed otherwise.
 *
 * @throws InvalidOptionsError when the value is not a store, and for wrong options
 */
export function fromExpressStore (store: ExpressStore, options: ExpressStoreOptions = {}): SessionBackend {
  if (!isExpressStore(store)) {
    const remedy = 'for example `new RedisStore({ client })` of connect-redis'
    throw unexpected('store', 'a store for express-session, with get, set and destroy', store, remedy)
  }
  checkOptions(options, '')
  return new ExpressStoreBackend(store, layoutMaker(store, options), { property: MAIN_PROPERTY, now: Date.now })
}

type LayoutMaker = (context: LayoutContext) => Layout

function layoutMaker (store: ExpressStore, { layout }: ExpressStoreOptions): LayoutMaker {
  if (layout === undefined) return ownLayout
  const secrets = foreignSecrets('layout.cookieSecret', layout.cookieSecret)
  const canTouch = hasMethods(store, ['touch'])
  return context => {
    warnOfShortSecrets('layout.cookieSecret', secrets, context.log)
    return sharedLayout(context, secrets, canTouch)
  }
}

class ExpressStoreBackend implements SessionBackend {
  readonly shared: boolean
  declare readonly cookies?: CookieTexts
  readonly list?: (filter: ListFilter) => Promise<ListPage<SessionRecord>>
  readonly count?: (filter: KeyFilter) => Promise<number>
  readonly removeAll?: () => Promise<void>
  readonly #store: ExpressStore
  readonly #layoutOf: LayoutMaker
  readonly #layout: Layout
  readonly #now: () => number

  constructor (store: ExpressStore, layoutOf: LayoutMaker, context: LayoutContext) {
    this.#store = store
    this.#layoutOf = layoutOf
    this.#layout = layoutOf(context)
    this.#now = context.now
    const { cookies, isShared } = this.#layout
    this.shared = isShared
    if (cookies !== undefined) this.cookies = cookies
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

  bind (context: BackendContext): SessionBackend { return new ExpressStoreBackend(this.#store, this.#layoutOf, context) }

  /** @throws BackendContractError when the store answers with what no store for express-session answers */
  async read (id: string): Promise<SessionRecord | null> {
    return this.#layout.isId(id) ? this.#recordOf(id, await this.#get(id)) : null
  }

  /** With a shared layout, what stands is read first: neither window is closed, and both are short. */
  async write (id: string | null, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    // A tombstone would be a session to Express.
    const hasEnded = record.expiresAt <= this.#now() || (this.shared && record.data === '')
    if (hasEnded) await this.remove(id!)
    else {
      const standing = this.shared && expectedVersion !== 0 ? await this.#get(id!) : null
      const theirs = standing === null ? null : this.#recordOf(id!, standing)
      if (this.shared && expectedVersion !== undefined && expectedVersion !== (theirs?.version ?? 0)) {
        return theirs?.version === record.version ? id! : theirs
      }
      const session = this.#layout.toSession(id!, record, standing)
      await call(done => this.#store.set(this.#layout.keyOf(id!), session, done))
    }
    return id!
  }

  async remove (id: string): Promise<void> {
    if (this.#layout.isId(id)) await call(done => this.#store.destroy(this.#layout.keyOf(id), done), 'ENOENT')
  }

  async #get (id: string): Promise<object | null> {
    return sessionIn(await call(done => this.#store.get(this.#layout.keyOf(id), done), 'ENOENT'))
  }

  #recordOf (id: string, session: object | null): SessionRecord | null {
    const record = session === null ? null : this.#layout.toRecord(id, session)
    return record !== null && record.expiresAt > this.#now() ? record : null
  }

  /** Pages in order of id: a session stored or removed between two pages neither hides a session nor repeats one. */
  async #page ({ limit = DEFAULT_PAGE, cursor = '', ...filter }: ListFilter): Promise<ListPage<SessionRecord>> {
    const found = (await this.#live(filter)).filter(({ id }) => id > cursor).sort((a, b) => a.id < b.id ? -1 : 1)
    const sessions = found.slice(0, limit)
    return { sessions, cursor: found.length > limit ? sessions.at(-1)!.id : null }
  }

  async #live (filter: KeyFilter): Promise<SessionRecord[]> {
    const now = this.#now()
    const records = (await this.#all()).map(entry => readableRecord(this.#layout, entry))
    return records.filter(record => record !== null && record.expiresAt > now && isListed(record, filter)) as SessionRecord[]
  }

  async #all (): Promise<Entry[]> {
    return this.#layout.entriesIn((await call(done => this.#store.all!(done)) ?? {}) as object)
  }

  async #destroyAll (): Promise<void> {
    for (const { id } of await this.#all()) await this.remove(id)
  }

  async #length (filter: KeyFilter): Promise<number> {
    const [key] = keysIn(filter)
    if (key !== undefined) throw new NotSupportedError('This express-session store', `counting by ${key.kind}`, 'it has no `all`')
    return Number(await call(done => this.#store.length!(done)))
  }
}
