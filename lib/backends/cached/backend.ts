import type {
  Awaitable, BackendContext, CookieTexts, ListedRecord, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord, SessionWatch,
  WatchOptions, WriteContext
} from '../../../types/index.d.ts'
import { isPromise } from '../../tools/flow.ts'
import { hideMissing } from '../../tools/missing-methods.ts'
import { assertCacheable, type CachedBackendOptions, type Settings, settingsOf } from './options.ts'
import { CachedRecords, type Entry, type Moment } from './records.ts'

/** What the core looks for before it calls. */
const OPTIONAL_METHODS = [
  'touch', 'exists', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel', 'serverOf', 'prepare', 'watch'
] as const

/**
 * Keeps sessions in the memory of this process, in front of a server-side backend: a request whose session is there asks no server.
 *
 *     app.register(sessions, { backend: new CachedBackend(new RedisBackend(redis)) })
 *
 * Only the loads of requests are answered from memory. Every write goes to the store, by compare-and-set against what is stored there,
 * and whatever decides about a change or an ending reads the store: a stale copy overwrites nothing and revives nothing.
 *
 * What another process changes or ends is seen as soon as the backend reports it, where the backend can `watch` (Redis, PostgreSQL with
 * `pool`, memory), and never later than `lease`, also when the connection is lost or half open; else within `maxAge`. Routes with
 * `fresh`, and those that ask for a recent sign-in (`required.fresh`), see it at once. What this process does is seen at once.
 */
export class CachedBackend implements SessionBackend {
  readonly #inner: SessionBackend
  readonly #settings: Settings
  readonly #now: () => number
  readonly #records: CachedRecords
  readonly #watch: SessionWatch | null
  #hits = 0
  #misses = 0

  /**
   * @param backend a server-side backend
   * @param binding only for `bind`: the clock of the registration, and the checked options
   * @throws InvalidOptionsError for unknown or wrong options, and for what is no backend, keeps sessions in their cookies, or has a cache
   */
  constructor (backend: SessionBackend, options: CachedBackendOptions = {}, binding?: { now: () => number, settings: Settings }) {
    assertCacheable(backend)
    this.#inner = backend
    this.#settings = binding?.settings ?? settingsOf(options)
    this.#now = binding?.now ?? Date.now
    this.#records = new CachedRecords(this.#settings.maxBytes)
    this.#watch = binding === undefined ? null : this.#listen()
    hideMissing(this, OPTIONAL_METHODS, [backend])
  }

  get atomic (): boolean { return this.#inner.atomic === true }
  get shared (): boolean { return this.#inner.shared === true }
  get cookies (): CookieTexts | undefined { return this.#inner.cookies }

  /** How many reads were answered from memory, and how many by the store. */
  get cache (): { hits: number, misses: number } { return { hits: this.#hits, misses: this.#misses } }

  bind (context: BackendContext): CachedBackend {
    const inner = this.#inner.bind?.(context) ?? this.#inner
    return new CachedBackend(inner, {}, { now: context.now, settings: this.#settings })
  }

  prepare (): Awaitable<void> { return this.#inner.prepare!() }

  async close (): Promise<void> {
    this.#records.dropAll()
    await this.#watch?.close()
    await this.#inner.close?.()
  }

  /** Answers without a promise where the session is there. */
  read (id: string): Awaitable<SessionRecord | null> {
    const at = this.#moment()
    const entry = this.#records.get(id)
    if (entry !== undefined && this.#isValid(entry, at)) {
      this.#hits++
      this.#records.use(entry)
      return entry.record
    }
    this.#misses++
    return this.#readStore(id, at)
  }

  /** Reads the store, and sees to it that nothing older is seen later. */
  readFresh (id: string): Awaitable<SessionRecord | null> {
    return settle(() => this.#inner.read(id), record => {
      if (this.#records.get(id)?.record.version !== record?.version) this.#records.drop(id)
    })
  }

  write (
    id: string | null, record: SessionRecord, expectedVersion?: number, context?: WriteContext
  ): Awaitable<string | SessionRecord | null> {
    return this.#changing(id!, () => this.#inner.write(id, record, expectedVersion, context))
  }

  touch (id: string, record: SessionRecord): Awaitable<boolean | null> {
    return this.#changing(id, () => this.#inner.touch!(id, record))
  }

  remove (id: string): Awaitable<void> { return this.#changing(id, () => this.#inner.remove(id)) }

  removeAll (): Awaitable<void> { return this.#changing(null, () => this.#inner.removeAll!()) }

  removeSubject (subject: string, options: RemoveOptions): Awaitable<number> {
    return this.#changing(null, () => this.#inner.removeSubject!(subject, options))
  }

  removeLabel (label: string, options: RemoveOptions): Awaitable<number> {
    return this.#changing(null, () => this.#inner.removeLabel!(label, options))
  }

  exists (id: string): Awaitable<boolean> { return this.#inner.exists!(id) }
  list (filter: ListFilter): Awaitable<ListPage<ListedRecord>> { return this.#inner.list!(filter) }
  count (filter: Pick<ListFilter, 'subject' | 'label'>): Awaitable<number> { return this.#inner.count!(filter) }
  removeExpired (options: { limit?: number }): Awaitable<number> { return this.#inner.removeExpired!(options) }
  serverOf (id: string): string | null { return this.#inner.serverOf!(id) }

  watch (listener: (id: string | null) => void, options?: WatchOptions): SessionWatch { return this.#inner.watch!(listener, options) }

  #listen (): SessionWatch | null {
    const drop = (id: string | null): void => { this.#drop(id) }
    return this.#inner.watch?.(drop, { lease: this.#settings.leaseMs }) ?? null
  }

  #drop (id: string | null): void {
    if (id === null) this.#records.dropAll()
    else this.#records.drop(id)
  }

  #isValid ({ record, at }: Entry, now: Moment): boolean {
    if (record.expiresAt <= now.instant) return false
    const watch = this.#watch
    if (watch !== null && !watch.isLive) return false
    return (watch !== null && watch.reportsOnlyEndings !== true) || this.#isYoung(at, now)
  }

  /** By both clocks, since that of the machine may be set back. */
  #isYoung (at: Moment, now: Moment): boolean {
    const { maxAgeMs } = this.#settings
    return Math.abs(now.instant - at.instant) <= maxAgeMs && now.uptimeMs - at.uptimeMs <= maxAgeMs
  }

  #moment (): Moment { return { instant: this.#now(), uptimeMs: performance.now() } }

  #readStore (id: string, at: Moment): Awaitable<SessionRecord | null> {
    const end = this.#records.begin(id, at)
    return settle(() => this.#inner.read(id), end)
  }

  /** Calls the store for a change of a session, or of any (`null`). What was kept is out of date from the call on, and after it. */
  #changing<T> (id: string | null, send: () => Awaitable<T>): Awaitable<T> {
    this.#drop(id)
    return settle(send, () => { this.#drop(id) })
  }
}

/** Calls, and tells the answer, or `null` where the call fails. Without a promise where there is none. */
function settle<T> (send: () => Awaitable<T>, end: (answer: T | null) => void): Awaitable<T> {
  let answer: Awaitable<T>
  try {
    answer = send()
  } catch (error) {
    end(null)
    throw error
  }
  if (isPromise(answer)) return settleLater(answer, end)
  end(answer)
  return answer
}

async function settleLater<T> (pending: PromiseLike<T>, end: (answer: T | null) => void): Promise<T> {
  let answer: T | null = null
  try {
    answer = await pending
    return answer
  } finally {
    end(answer)
  }
}
