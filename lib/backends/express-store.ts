import type { BackendContext, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'
import { isPromise } from '../tools/flow.ts'
import { isId } from '../record/ids.ts'
import { decodeRecord, encodeRecord } from '../record/record-text.ts'

type Done = (error?: unknown, result?: unknown) => void

/** What is used of a store for express-session. */
export interface ExpressStore {
  get (id: string, callback: Done): unknown
  set (id: string, session: any, callback?: Done): unknown
  destroy (id: string, callback?: Done): unknown
}

const METHODS = ['get', 'set', 'destroy'] as const

/**
 * Keeps sessions in a store made for express-session, any of the `connect-*` packages: `get` to read, `set` to write,
 * `destroy` to remove.
 *
 * What it does not do: such a store replaces what is there, whoever wrote it. So this backend is not atomic: parallel
 * requests can overwrite each other's changes, one that is still running can bring a session back, and `transaction()` and
 * `onConflict: 'error'` are refused. It lists, counts and revokes by subject neither. Sessions that Express stored there
 * are not read, and nothing of them is changed.
 *
 * @throws InvalidOptionsError when it is no store
 */
export function fromExpressStore (store: ExpressStore): SessionBackend {
  if (!isStore(store)) throw unexpected('store', 'a store for express-session, with get, set and destroy', store, 'for example `new RedisStore({ client })` of connect-redis')
  return new ExpressStoreBackend(store)
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

/** Where stores look for the time that a session has left; by the clock of this machine, as they do. */
function cookieOf (leftMs: number): object {
  return { originalMaxAge: leftMs, maxAge: leftMs, expires: new Date(Date.now() + leftMs), httpOnly: true, path: '/' }
}

/** Stores answer by a callback, by a promise, or by both; the first answer counts. */
function call (send: (done: Done) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answer = send((error, result) => {
      if (error === null || error === undefined) resolve(result)
      else reject(error)
    })
    if (isPromise(answer)) answer.then(resolve, reject)
  })
}

function isStore (value: unknown): boolean {
  return typeof value === 'object' && value !== null && METHODS.every(name => typeof (value as Record<string, unknown>)[name] === 'function')
}
