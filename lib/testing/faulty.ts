import type {
  Awaitable, BackendContext, CookieTexts, ListedRecord, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord, SessionWatch,
  WatchOptions, WriteContext
} from '../../types/index.d.ts'
import { Listeners } from '../tools/listeners.ts'
import { hideMissing } from '../tools/missing-methods.ts'

/** The methods of a backend which can be made to fail. */
export type Operation =
  'read' | 'write' | 'remove' | 'touch' | 'list' | 'count' | 'removeExpired' | 'removeAll' | 'removeSubject' | 'removeLabel' | 'exists'

/** A call of the backend. */
export interface Call {
  readonly operation: Operation
  /** The id, the subject of `removeSubject`, or the label of `removeLabel`; `null` for an operation without any. */
  readonly id: string | null
}

const OPTIONAL_METHODS = [
  'touch', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'removeLabel', 'isStale', 'exists', 'serverOf', 'bind',
  'readFresh', 'readMany', 'watch'
] as const

/** What watches hear. */
interface Hearing {
  isMuted: boolean
  /** Told once watches hear again. */
  readonly healed: Listeners<null>
}

/** Runs around a call of the backend. A fault which throws makes the call fail; a promise makes the call wait. */
export type Fault = (call: Call) => Awaitable<void>

/**
 * Wraps a backend and makes operations fail, hang or lose their answers, for tests of an application in such a case. Without a fault
 * every call is passed on. A fault stays until `heal()`. A later fault of an operation replaces an earlier fault, except that
 * `loseAnswer` stands beside the rest.
 *
 * @example
 * const backend = new FaultyBackend(new MemoryBackend())
 * await app.register(sessions, { backend })
 * backend.fail('read')   // every request with a session cookie gets a 503 …
 * backend.heal()         // … until now
 */
export class FaultyBackend implements SessionBackend {
  /** All calls so far, in their order. */
  readonly calls: Call[] = []
  #inner: SessionBackend
  readonly #unbound: SessionBackend
  #isBound = false
  readonly #hearing: Hearing = { isMuted: false, healed: new Listeners() }
  readonly #before: Map<Operation, Fault> = new Map()
  readonly #after: Map<Operation, Fault> = new Map()

  /**
   * @param inner the backend to wrap
   * @param shared the object whose faults and calls a further registration shares; not for applications
   */
  constructor (inner: SessionBackend, shared?: FaultyBackend) {
    this.#inner = inner
    this.#unbound = inner
    if (shared !== undefined) {
      this.calls = shared.calls
      this.#before = shared.#before
      this.#after = shared.#after
      this.#hearing = shared.#hearing
      this.#isBound = true
    }
    hideMissing(this, OPTIONAL_METHODS, [inner])
  }

  get atomic (): boolean { return this.#inner.atomic === true }
  get selfContained (): boolean { return this.#inner.selfContained === true }
  get maxBytes (): number { return this.#inner.maxBytes ?? 7_168 }
  get unsplit (): boolean { return this.#inner.unsplit === true }
  get shared (): boolean { return this.#inner.shared === true }
  get cache (): SessionBackend['cache'] { return this.#inner.cache }
  get cookies (): CookieTexts | undefined { return this.#inner.cookies }

  // ------------------------------------------------------------------------------------------ faults

  /** Every call of the operation throws, and nothing is done. */
  fail (operation: Operation, error: Error = new Error(`${operation} failed on purpose`)): this {
    return this.before(operation, () => { throw error })
  }

  /** No call of the operation is answered, and nothing is done: for tests of the option `timeout`. */
  hang (operation: Operation): this {
    return this.before(operation, () => new Promise(() => {}))
  }

  /** Every call of the operation is done, and throws then: the answer is lost. */
  loseAnswer (operation: Operation, error: Error = new Error(`the answer of ${operation} was lost on purpose`)): this {
    this.#after.set(operation, () => { throw error })
    return this
  }

  /**
   * Runs `fault` before each call of the operation. `fail` and `hang` are such faults, and replace each other.
   *
   * @example
   * backend.before('write', async () => { await app.sessions.revoke(id) }) // the session ends right before it is written
   */
  before (operation: Operation, fault: Fault): this {
    this.#before.set(operation, fault)
    return this
  }

  /** Watches are not live and hear nothing, as when their connection is lost: until `heal()`, which reports `null`. */
  mute (): this {
    this.#hearing.isMuted = true
    return this
  }

  /** Ends all faults, for all registrations. */
  heal (): this {
    if (this.#hearing.isMuted) {
      this.#hearing.isMuted = false
      this.#hearing.healed.tell(null)
    }
    this.#before.clear()
    this.#after.clear()
    return this
  }

  // ------------------------------------------------------------------------------------------ the backend

  /**
   * The first registration uses this object itself, so that a test can call the methods of the object and finds the sessions of that
   * registration. Each further registration gets a view of its own sessions, with the same faults and the same `calls`.
   */
  bind (context: BackendContext): FaultyBackend {
    const bound = this.#unbound.bind!(context)
    if (this.#isBound) return new FaultyBackend(bound, this)
    this.#inner = bound
    this.#isBound = true
    return this
  }

  read (id: string): Awaitable<SessionRecord | null> {
    return this.#call('read', id, () => this.#inner.read(id))
  }

  write (
    id: string | null, record: SessionRecord, expectedVersion?: number, context?: WriteContext
  ): Awaitable<string | SessionRecord | null> {
    return this.#call('write', id, () => this.#inner.write(id, record, expectedVersion, context))
  }

  remove (id: string): Awaitable<void> {
    return this.#call('remove', id, () => this.#inner.remove(id))
  }

  touch (id: string, record: SessionRecord): Awaitable<boolean | null> {
    return this.#call('touch', id, () => this.#inner.touch!(id, record))
  }

  list (filter: ListFilter): Awaitable<ListPage<ListedRecord>> {
    return this.#call('list', null, () => this.#inner.list!(filter))
  }

  count (filter: Pick<ListFilter, 'subject' | 'label'>): Awaitable<number> {
    return this.#call('count', null, () => this.#inner.count!(filter))
  }

  removeExpired (options: { limit?: number }): Awaitable<number> {
    return this.#call('removeExpired', null, () => this.#inner.removeExpired!(options))
  }

  removeAll (): Awaitable<void> {
    return this.#call('removeAll', null, () => this.#inner.removeAll!())
  }

  removeSubject (subject: string, options: RemoveOptions): Awaitable<number> {
    return this.#call('removeSubject', subject, () => this.#inner.removeSubject!(subject, options))
  }

  removeLabel (label: string, options: RemoveOptions): Awaitable<number> {
    return this.#call('removeLabel', label, () => this.#inner.removeLabel!(label, options))
  }

  exists (id: string): Awaitable<boolean> {
    return this.#call('exists', id, () => this.#inner.exists!(id))
  }

  readMany (ids: readonly string[]): Awaitable<ReadonlyArray<SessionRecord | null>> {
    return this.#call('read', ids[0]!, () => this.#inner.readMany!(ids))
  }

  readFresh (id: string): Awaitable<SessionRecord | null> {
    return this.#call('read', id, () => this.#inner.readFresh!(id))
  }

  watch (listener: (id: string | null) => void, options?: WatchOptions): SessionWatch {
    const hearing = this.#hearing
    const watch = this.#inner.watch!(id => { if (!hearing.isMuted) listener(id) }, options)
    const stop = hearing.healed.add(listener)
    return {
      get isLive () { return !hearing.isMuted && watch.isLive },
      get reportsOnlyEndings () { return watch.reportsOnlyEndings === true },
      close () {
        stop()
        return watch.close()
      }
    }
  }

  serverOf (id: string): string | null { return this.#inner.serverOf!(id) }
  isStale (text: string): boolean { return this.#inner.isStale!(text) }
  prepare (): Awaitable<void> { return this.#inner.prepare?.() }
  close (): Awaitable<void> { return this.#inner.close?.() }

  // A call without a fault must stay without a promise where the wrapped backend answers at once: the core takes another path then.
  #call<T> (operation: Operation, id: string | null, send: () => Awaitable<T>): Awaitable<T> {
    const call = { operation, id }
    this.calls.push(call)
    const before = this.#before.get(operation)
    const after = this.#after.get(operation)
    return before === undefined && after === undefined ? send() : faulty(call, before, send, after)
  }
}

async function faulty<T> (call: Call, before: Fault | undefined, send: () => Awaitable<T>, after: Fault | undefined): Promise<T> {
  await before?.(call)
  const answer = await send()
  await after?.(call)
  return answer
}
