import type { Awaitable, BackendContext, ListFilter, ListPage, SessionBackend, SessionRecord, WriteContext } from '../../types/index.d.ts'

export type Operation = 'read' | 'write' | 'remove' | 'touch' | 'list' | 'count' | 'removeExpired' | 'removeAll' | 'removeSubject' | 'exists'

/** One call of the backend. */
export interface Call {
  readonly operation: Operation
  /** The id, or the subject; `null` where there is none. */
  readonly id: string | null
}

/** What happens around a call. It may wait, and it may throw. */
export type Fault = (call: Call) => Awaitable<void>

/**
 * Wraps a backend and makes it fail: for testing how an application, or this library, behaves then.
 *
 * ```ts
 * const backend = new FaultyBackend(new MemoryBackend())
 * await app.register(sessions, { backend })
 * backend.fail('read')          // every read throws …
 * backend.heal()                // … until now
 * ```
 */
export class FaultyBackend implements SessionBackend {
  /** All calls so far, in order. */
  readonly calls: Call[] = []
  #inner: SessionBackend
  readonly #unbound: SessionBackend
  #isBound = false
  readonly #before: Map<Operation, Fault> = new Map()
  readonly #after: Map<Operation, Fault> = new Map()

  constructor (inner: SessionBackend, shared?: FaultyBackend) {
    this.#inner = inner
    this.#unbound = inner
    if (shared !== undefined) {
      this.calls = shared.calls
      this.#before = shared.#before
      this.#after = shared.#after
      this.#isBound = true
    }
    // Only what the wrapped backend can do is there to be called.
    for (const name of ['touch', 'list', 'count', 'removeExpired', 'removeAll', 'removeSubject', 'isStale', 'exists'] as const) {
      if (inner[name] === undefined) Object.defineProperty(this, name, { value: undefined })
    }
  }

  get atomic (): boolean { return this.#inner.atomic === true }
  get selfContained (): boolean { return this.#inner.selfContained === true }
  get maxBytes (): number { return this.#inner.maxBytes ?? 7_168 }

  // ------------------------------------------------------------------------------------------ faults

  /** The operation throws, and nothing is done. */
  fail (operation: Operation, error: Error = new Error(`${operation} failed on purpose`)): this {
    return this.before(operation, () => { throw error })
  }

  /** The operation never answers, and nothing is done. */
  hang (operation: Operation): this {
    return this.before(operation, () => new Promise(() => {}))
  }

  /** The operation is done, but its answer is lost: it throws. */
  loseAnswer (operation: Operation, error: Error = new Error(`the answer of ${operation} was lost on purpose`)): this {
    this.#after.set(operation, () => { throw error })
    return this
  }

  /** Runs something before each call of an operation, such as another request's write. */
  before (operation: Operation, fault: Fault): this {
    this.#before.set(operation, fault)
    return this
  }

  /** Ends all faults. */
  heal (): this {
    this.#before.clear()
    this.#after.clear()
    return this
  }

  // ------------------------------------------------------------------------------------------ the backend

  /** The first registration uses this object, so that it shows that one's sessions; each other one a view with the same faults and calls. */
  bind (context: BackendContext): FaultyBackend {
    const bound = this.#unbound.bind?.(context) ?? this.#unbound
    if (this.#isBound) return new FaultyBackend(bound, this)
    this.#inner = bound
    this.#isBound = true
    return this
  }

  read (id: string): Awaitable<SessionRecord | null> {
    return this.#call('read', id, () => this.#inner.read(id))
  }

  write (id: string | null, record: SessionRecord, expectedVersion?: number, context?: WriteContext): Awaitable<string | SessionRecord | null> {
    return this.#call('write', id, () => this.#inner.write(id, record, expectedVersion, context))
  }

  remove (id: string): Awaitable<void> {
    return this.#call('remove', id, () => this.#inner.remove(id))
  }

  touch (id: string, record: SessionRecord): Awaitable<boolean> {
    return this.#call('touch', id, () => this.#inner.touch!(id, record))
  }

  list (filter: ListFilter): Awaitable<ListPage<SessionRecord>> {
    return this.#call('list', null, () => this.#inner.list!(filter))
  }

  count (filter: { subject?: string }): Awaitable<number> {
    return this.#call('count', null, () => this.#inner.count!(filter))
  }

  removeExpired (options: { limit?: number }): Awaitable<number> {
    return this.#call('removeExpired', null, () => this.#inner.removeExpired!(options))
  }

  removeAll (): Awaitable<void> {
    return this.#call('removeAll', null, () => this.#inner.removeAll!())
  }

  removeSubject (subject: string, options: { except?: string }): Awaitable<number> {
    return this.#call('removeSubject', subject, () => this.#inner.removeSubject!(subject, options))
  }

  exists (id: string): Awaitable<boolean> {
    return this.#call('exists', id, () => this.#inner.exists!(id))
  }

  isStale (text: string): boolean { return this.#inner.isStale!(text) }
  prepare (): Awaitable<void> { return this.#inner.prepare?.() }
  close (): Awaitable<void> { return this.#inner.close?.() }

  // A call without a fault answers as the wrapped backend does, with or without a promise.
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
