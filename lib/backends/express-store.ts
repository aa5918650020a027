import type { BackendContext, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { hasMethods, unexpected } from '../tools/check-options.ts'
import { isPromise } from '../tools/flow.ts'
import { isId } from '../record/ids.ts'
import { decodeRecord, encodeRecord } from '../record/record-text.ts'

type Done = (error?: unknown, result?: unknown) => void

/** The part of a store for express-session which this backend uses. Each method answers by a callback or a promise. */
export interface ExpressStore {
  get (id: string, callback: Done): unknown
  set (id: string, session: any, callback?: Done): unknown
  destroy (id: string, callback?: Done): unknown
}

const METHODS = ['get', 'set', 'destroy'] as const

/**
 * Keeps sessions in a store made for express-session, such as the `connect-*` packages: `get` reads a session, `set`
 * writes a session, `destroy` removes a session.
 *
 *     const backend = fromExpressStore(new RedisStore({ client }))
 *
 * Not guaranteed: `set` of such a store overwrites without a compare-and-set. So this backend is not atomic. Parallel
 * requests can overwrite each other's changes, a request still running can bring back a session which has ended, and
 * `transaction()` and `onConflict: 'error'` are refused. There is no `list`, no `count` and no `removeSubject`. Sessions
 * which express-session stored there are neither read nor changed.
 *
 * @throws InvalidOptionsError when the value is not a store
 */
export function fromExpressStore (store: ExpressStore): SessionBackend {
  if (hasMethods(store, METHODS)) return new ExpressStoreBackend(store)
  const remedy = 'for example `new RedisStore({ client })` of connect-redis'
  throw unexpected('store', 'a store for express-session, with get, set and destroy', store, remedy)
}

class ExpressStoreBackend implements SessionBackend {
  readonly #store: ExpressStore
  readonly #now: () => number

  constructor (store: ExpressStore, now: () => number = Date.now) {
    this.#store = store
    this.#now = now
  }

  bind ({ now }: BackendContext): SessionBackend { return new ExpressStoreBackend(this.#store, now) }

  async read (id: string): Promise<SessionRecord | null> {
    if (!isId(id)) return null
    const stored = await call(done => this.#store.get(id, done))
    const text = typeof stored === 'object' && stored !== null ? (stored as { fastsessions?: unknown }).fastsessions : undefined
    return typeof text === 'string' ? decodeRecord(id, text) : null
  }

  async write (id: string | null, record: SessionRecord): Promise<string> {
    const leftMs = record.expiresAt - this.#now()
    if (leftMs > 0) await call(done => this.#store.set(id!, { cookie: cookieOf(leftMs), fastsessions: encodeRecord(record) }, done))
    else await this.remove(id!)
    return id!
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await call(done => this.#store.destroy(id, done))
  }
}

/** Stores take the time to live of a session from this object. They use the clock of this machine, and so does `expires`. */
function cookieOf (leftMs: number): object {
  return { originalMaxAge: leftMs, maxAge: leftMs, expires: new Date(Date.now() + leftMs), httpOnly: true, path: '/' }
}

/** Calls a store. Stores answer by a callback, by a promise or by both: the first answer counts. */
function call (send: (done: Done) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answer = send((error, result) => {
      if (error === null || error === undefined) resolve(result)
      else reject(error)
    })
    if (isPromise(answer)) answer.then(resolve, reject)
  })
}
