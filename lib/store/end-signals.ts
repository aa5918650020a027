import { getEventListeners } from 'node:events'
import type { Awaitable, Instant, SessionRecord, SessionWatch } from '../../types/index.d.ts'
import { SessionDestroyedError } from '../errors.ts'

/** What signals ask of the sessions that they are about. */
export interface WatchedSessions {
  now (): Instant
  /** The record that stands by now; `null` where the session has ended. */
  standing (record: SessionRecord): Awaitable<SessionRecord | null>
  /** When the session ends unless it is used; `Infinity` where this process cannot know. */
  deadline (record: SessionRecord): Instant
  /** The keys under which the store reports that the session may have ended. */
  keysOf (record: SessionRecord): readonly string[]
  /** Reports of other processes; `null` where the store reports nothing. */
  watch (listener: (key: string | null) => void): SessionWatch | null
}

/** The signal of a session, until whoever asked for the signal lets go of it. */
export interface EndSignal {
  readonly id: string
  readonly signal: AbortSignal
  /** From now on nothing aborts the signal, and nothing is kept for it. */
  release (): void
}

interface Entry {
  readonly id: string
  readonly controller: AbortController
  /** `null` until the session is stored. */
  record: SessionRecord | null
  keys: readonly string[]
  dueAt: Instant
}

const TICK_MS = 1_000
/** How often a store that reports endings is asked whether its line is alive. */
const TICKS_PER_QUESTION = 5
/** Where the store does not answer, the session is looked at again so much later. */
const RETRY_MS = 5_000
const LOOKS_AT_ONCE = 50

/**
 * The signals of sessions (`session.signal`): each aborts when its session ends, by this process at once, by another process as soon
 * as the store reports a change, and at the deadline. Nothing is watched, and no timer runs, while nobody has asked for a signal.
 */
export class EndSignals {
  readonly #sessions: WatchedSessions
  readonly #all = new Set<Entry>()
  readonly #byKey = new Map<string, Set<Entry>>()
  readonly #queue = new Set<Entry>()
  #watch: SessionWatch | null = null
  #isWatching = false
  #timer: NodeJS.Timeout | undefined
  #ticks = 0
  #nextDueAt = Infinity
  #working: Promise<void> | null = null
  /** A session object that nobody holds any more needs its signal only if somebody listens. */
  readonly #forgotten = new FinalizationRegistry<Entry>(entry => {
    if (getEventListeners(entry.controller.signal, 'abort').length === 0) this.#drop(entry)
  })

  constructor (sessions: WatchedSessions) {
    this.#sessions = sessions
  }

  /** How many signals may still abort. */
  get size (): number { return this.#all.size }

  /**
   * @param record `null` for a session that is not stored yet
   * @param owner the object that asks: once the object is collected and nobody listens, the signal is let go
   */
  give (id: string, record: SessionRecord | null, owner: object): EndSignal {
    const entry: Entry = { id, controller: new AbortController(), record: null, keys: [], dueAt: Infinity }
    this.#all.add(entry)
    this.#index(entry, record)
    this.#begin()
    this.#forgotten.register(owner, entry, entry)
    return { id, signal: entry.controller.signal, release: () => { this.#drop(entry) } }
  }

  /** A session was stored, by whatever request of this process. */
  stored (record: SessionRecord): void {
    if (this.#all.size === 0) return
    if (record.data === '' || record.expiresAt <= this.#sessions.now()) return this.ended(record.id)
    for (const entry of this.#entriesOf(record.id)) this.#index(entry, record)
  }

  /** A session has ended, or has got a new id. */
  ended (id: string): void {
    for (const entry of this.#entriesOf(id)) this.#abort(entry)
  }

  /** Something may have changed: what a key stands for, or for `null` anything. */
  changed (key: string | null): void {
    this.#look(key === null ? this.#all : this.#entriesOf(key))
  }

  /** Leaves no timer and no connection behind. Signals no longer abort: no session has ended. */
  async close (): Promise<void> {
    for (const entry of this.#all) this.#drop(entry)
    await this.#watch?.close()
    this.#watch = null
  }

  #entriesOf (key: string): Entry[] { return [...this.#byKey.get(key) ?? []] }

  #index (entry: Entry, record: SessionRecord | null): void {
    this.#unindex(entry)
    const { deadline, keysOf } = this.#sessions
    entry.record = record
    entry.keys = record === null ? [entry.id] : [entry.id, ...keysOf(record)]
    entry.dueAt = record === null ? Infinity : deadline(record)
    this.#nextDueAt = Math.min(this.#nextDueAt, entry.dueAt)
    for (const key of entry.keys) {
      const entries = this.#byKey.get(key)
      if (entries === undefined) this.#byKey.set(key, new Set([entry]))
      else entries.add(entry)
    }
  }

  #unindex (entry: Entry): void {
    for (const key of entry.keys) {
      const entries = this.#byKey.get(key)
      entries?.delete(entry)
      if (entries?.size === 0) this.#byKey.delete(key)
    }
    entry.keys = []
  }

  #abort (entry: Entry): void {
    this.#drop(entry)
    entry.controller.abort(new SessionDestroyedError('it ended'))
  }

  #drop (entry: Entry): void {
    this.#unindex(entry)
    this.#queue.delete(entry)
    this.#all.delete(entry)
    this.#forgotten.unregister(entry)
    if (this.#all.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #begin (): void {
    this.#timer ??= setInterval(() => { this.#tick() }, TICK_MS).unref()
    if (this.#isWatching) return
    this.#isWatching = true
    this.#watch = this.#sessions.watch(key => { this.changed(key) })
  }

  #tick (): void {
    // To ask is what makes the store notice a line that is dead: later it reports that anything may have changed.
    if (++this.#ticks % TICKS_PER_QUESTION === 0 && this.#watch !== null) Reflect.get(this.#watch, 'isLive')
    const now = this.#sessions.now()
    if (now < this.#nextDueAt) return
    this.#nextDueAt = Infinity
    for (const entry of this.#all) {
      if (entry.dueAt <= now) this.#look([entry])
      else this.#nextDueAt = Math.min(this.#nextDueAt, entry.dueAt)
    }
  }

  /** Looks at sessions that may have ended, in time; a session that is looked at already is looked at once more. */
  #look (entries: Iterable<Entry>): void {
    for (const entry of entries) if (entry.record !== null) this.#queue.add(entry)
    if (this.#queue.size > 0) this.#working ??= this.#work()
  }

  async #work (): Promise<void> {
    while (this.#queue.size > 0) {
      const batch: Array<Promise<void>> = []
      for (const entry of this.#queue) {
        this.#queue.delete(entry)
        if (batch.push(this.#judge(entry)) === LOOKS_AT_ONCE) break
      }
      await Promise.all(batch)
    }
    this.#working = null
  }

  async #judge (entry: Entry): Promise<void> {
    try {
      const record = await this.#sessions.standing(entry.record!)
      // Let go, or ended, meanwhile.
      if (!this.#all.has(entry)) return
      if (record === null || this.#sessions.deadline(record) <= this.#sessions.now()) this.#abort(entry)
      else this.#index(entry, record)
    } catch {
      // Nobody knows whether the session has ended. Whoever asks a second time learns it.
      entry.dueAt = this.#sessions.now() + RETRY_MS
      this.#nextDueAt = Math.min(this.#nextDueAt, entry.dueAt)
    }
  }
}
