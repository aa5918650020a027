import type {
  BackendContext, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord, SessionWatch
} from '../../types/index.d.ts'
import { freezeRecord } from '../record/record.ts'
import { backendOptionsCheck, DEFAULT_PAGE } from './conventions.ts'
import { isListed, type KeyFilter } from './index-keys.ts'
import { IndexedRecords } from './indexed-records.ts'

export interface MemoryBackendOptions {
  /** The most sessions to keep, an integer above 0. When the backend is full, the session used longest ago is dropped. @default 100000 */
  maxEntries?: number
}

/** What `bind` hands to the backend of one registration. */
interface Binding {
  readonly property: string
  readonly now: () => number
  /** The records of all registrations on the same backend, by property. */
  readonly spaces: Map<string, IndexedRecords>
}

const DEFAULT_MAX_ENTRIES = 100_000
const SWEPT_PER_WRITE = 2

const checkOptions = backendOptionsCheck({
  maxEntries: { description: 'an integer above 0', type: 'integer', minimum: 1, default: DEFAULT_MAX_ENTRIES }
})

/**
 * Sessions in the memory of this process: for a single process, for development and for tests. Atomic and bounded;
 * expired sessions are removed by later writes.
 *
 *     app.register(sessions, { backend: new MemoryBackend({ maxEntries: 10_000 }) })
 *
 * Not guaranteed: sessions do not survive a restart, and processes do not share sessions.
 *
 * Payloads are kept as text, so that two requests never hold the same live object. Registrations with different
 * properties on the same backend do not see each other's sessions.
 */
export class MemoryBackend implements SessionBackend {
  readonly atomic = true
  readonly answersAtOnce = true
  readonly #maxEntries: number
  readonly #spaces: Map<string, IndexedRecords>
  /** Least recently used first. */
  readonly #records: IndexedRecords
  readonly #now: () => number

  /** @throws InvalidOptionsError for unknown options and a wrong `maxEntries` */
  constructor (options: MemoryBackendOptions = {}, binding?: Binding) {
    checkOptions(options, 'MemoryBackend')
    this.#maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES
    this.#spaces = binding?.spaces ?? new Map()
    this.#now = binding?.now ?? Date.now
    const property = binding?.property ?? ''
    this.#records = this.#spaces.get(property) ?? new IndexedRecords(this.#maxEntries)
    this.#spaces.set(property, this.#records)
  }

  bind ({ property, now }: BackendContext): MemoryBackend {
    return new MemoryBackend({ maxEntries: this.#maxEntries }, { property, now, spaces: this.#spaces })
  }

  read (id: string): SessionRecord | null {
    const record = this.#live(id)
    // The order of use decides which session is dropped. While the map is at most half full, the order of writes will do.
    if (record !== null && this.#records.size * 2 > this.#maxEntries) this.#records.set(id, record)
    return record
  }

  readMany (ids: readonly string[]): Array<SessionRecord | null> { return ids.map(id => this.read(id)) }

  write (id: string, record: SessionRecord, expectedVersion?: number): string | SessionRecord | null {
    const stands = this.#live(id)
    const version = stands?.version ?? 0
    if (version === record.version) return id
    if (expectedVersion !== undefined && version !== expectedVersion) return stands
    this.#removeSomeExpired()
    if (record.expiresAt > this.#now()) this.#records.set(id, copy(record))
    else this.#records.delete(id)
    return id
  }

  touch (id: string, { version, lastAccessedAt, expiresAt }: SessionRecord): boolean | null {
    const stands = this.#live(id)
    if (stands === null) return false
    if (stands.version !== version) return null
    if (stands.lastAccessedAt > lastAccessedAt) return true
    this.#records.set(id, freezeRecord({ ...stands, lastAccessedAt, expiresAt }))
    return true
  }

  remove (id: string): void {
    this.#records.delete(id)
  }

  exists (id: string): boolean {
    return this.#live(id) !== null
  }

  /** Pages in order of id: a session stored or removed between two pages neither hides a session nor repeats one. */
  list ({ limit = DEFAULT_PAGE, cursor = '', ...filter }: ListFilter): ListPage<SessionRecord> {
    const found = this.#all(filter).filter(({ id }) => id > cursor).sort((a, b) => a.id < b.id ? -1 : 1)
    const sessions = found.slice(0, limit)
    return { sessions, cursor: found.length > limit ? sessions.at(-1)!.id : null }
  }

  count (filter: KeyFilter): number {
    return this.#all(filter).length
  }

  removeExpired ({ limit = Infinity }: { limit?: number }): number {
    let removed = 0
    const now = this.#now()
    for (const { id, expiresAt } of this.#records.values()) {
      if (removed === limit) break
      if (expiresAt > now) continue
      this.#records.delete(id)
      removed++
    }
    return removed
  }

  removeAll (): void {
    this.#records.clear()
  }

  removeSubject (subject: string, options: RemoveOptions): number {
    return this.#end({ subject }, options)
  }

  removeLabel (label: string, options: RemoveOptions): number {
    return this.#end({ label }, options)
  }

  /** Reports every change at once, and is live until it is closed: there is no connection to lose. */
  watch (listener: (id: string | null) => void): SessionWatch {
    const stop = this.#records.changes.add(listener)
    let isLive = true
    return {
      get isLive () { return isLive },
      close () {
        isLive = false
        stop()
      }
    }
  }

  #end (filter: KeyFilter, { except, ending }: RemoveOptions): number {
    const found = this.#all(filter).filter(({ id }) => id !== except)
    for (const { id } of found) {
      if (ending === undefined) this.#records.delete(id)
      else this.#records.set(id, copy({ ...ending, id }))
    }
    return found.length
  }

  #live (id: string): SessionRecord | null {
    const record = this.#records.get(id)
    if (record === undefined) return null
    if (record.expiresAt > this.#now()) return record
    this.#records.delete(id)
    return null
  }

  #all (filter: KeyFilter): SessionRecord[] {
    const now = this.#now()
    return [...this.#records.candidates(filter)].filter(record => record.expiresAt > now && isListed(record, filter))
  }

  // An expired session is used no more, so that it becomes the oldest. Each write removes a few of these: no timer is needed.
  #removeSomeExpired (): void {
    const now = this.#now()
    for (let swept = 0; swept < SWEPT_PER_WRITE; swept++) {
      const { oldest } = this.#records
      if (oldest === undefined || oldest.expiresAt > now) return
      this.#records.delete(oldest.id)
    }
  }
}

// The core hands out frozen records, which need no copy. A direct caller may hand out a record that it changes later.
function copy (record: SessionRecord): SessionRecord {
  if (Object.isFrozen(record)) return record
  return freezeRecord(structuredClone(record))
}
