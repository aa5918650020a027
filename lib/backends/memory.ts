import type { BackendContext, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { optionsCheck } from '../tools/check-options.ts'
import { freezeRecord } from '../record/record.ts'
import { DEFAULT_PAGE } from './conventions.ts'

export interface MemoryBackendOptions {
  /** When it is full, the session used longest ago is dropped. @default 100000 */
  maxEntries?: number
}

const DEFAULT_MAX_ENTRIES = 100_000
const SWEPT_PER_WRITE = 2

const checkOptions = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: { maxEntries: { description: 'an integer above 0', type: 'integer', minimum: 1, default: DEFAULT_MAX_ENTRIES } }
})

/**
 * Sessions in this process's memory: for one process, for development and tests. Atomic, bounded, expires.
 *
 * What it does not do: survive a restart, or share sessions between processes.
 * Payloads are kept as text, so that no two requests ever hold the same live object.
 * Registrations with different properties on one backend do not see each other's sessions.
 */
export class MemoryBackend implements SessionBackend {
  readonly atomic = true
  readonly #maxEntries: number
  readonly #spaces: Map<string, BoundedMap<string, SessionRecord>>
  /** Least recently used first. */
  readonly #records: BoundedMap<string, SessionRecord>
  readonly #now: () => number

  /** @throws InvalidOptionsError */
  constructor (options: MemoryBackendOptions = {}, binding?: { property: string, now: () => number, spaces: Map<string, BoundedMap<string, SessionRecord>> }) {
    checkOptions(options, 'MemoryBackend')
    this.#maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES
    this.#spaces = binding?.spaces ?? new Map()
    this.#now = binding?.now ?? Date.now
    const property = binding?.property ?? ''
    this.#records = this.#spaces.get(property) ?? new BoundedMap(this.#maxEntries)
    this.#spaces.set(property, this.#records)
  }

  bind ({ property, now }: BackendContext): MemoryBackend {
    return new MemoryBackend({ maxEntries: this.#maxEntries }, { property, now, spaces: this.#spaces })
  }

  read (id: string): SessionRecord | null {
    const record = this.#live(id)
    // Which one was used last matters once some have to go; until then those written last are at the end.
    if (record !== null && this.#records.size * 2 > this.#maxEntries) this.#records.set(id, record)
    return record
  }

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

  touch (id: string, { version, lastAccessedAt, expiresAt }: SessionRecord): boolean {
    const stands = this.#live(id)
    if (stands === null) return false
    if (stands.version === version) this.#records.set(id, freezeRecord({ ...stands, lastAccessedAt, expiresAt }))
    return true
  }

  remove (id: string): void {
    this.#records.delete(id)
  }

  exists (id: string): boolean {
    return this.#live(id) !== null
  }

  /** Pages in order of id; a session stored or removed meanwhile neither hides nor repeats another. */
  list ({ subject, limit = DEFAULT_PAGE, cursor = '' }: ListFilter): ListPage<SessionRecord> {
    const found = this.#all(subject).filter(({ id }) => id > cursor).sort((a, b) => a.id < b.id ? -1 : 1)
    const sessions = found.slice(0, limit)
    return { sessions, cursor: found.length > limit ? sessions.at(-1)!.id : null }
  }

  count ({ subject }: { subject?: string }): number {
    return this.#all(subject).length
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

  removeSubject (subject: string, { except }: { except?: string }): number {
    const found = this.#all(subject).filter(({ id }) => id !== except)
    for (const { id } of found) this.#records.delete(id)
    return found.length
  }

  #live (id: string): SessionRecord | null {
    const record = this.#records.get(id)
    if (record === undefined) return null
    if (record.expiresAt > this.#now()) return record
    this.#records.delete(id)
    return null
  }

  #all (subject: string | undefined): SessionRecord[] {
    const now = this.#now()
    return [...this.#records.values()].filter(record =>
      record.expiresAt > now && record.data !== '' && (subject === undefined || record.subject === subject))
  }

  // Expired sessions become the oldest ones. Each write takes a few of them away, so that no timer is needed.
  #removeSomeExpired (): void {
    const now = this.#now()
    for (let swept = 0; swept < SWEPT_PER_WRITE; swept++) {
      const { oldest } = this.#records
      if (oldest === undefined || oldest.expiresAt > now) return
      this.#records.delete(oldest.id)
    }
  }
}

// The core hands out frozen records; others may not.
function copy (record: SessionRecord): SessionRecord {
  if (Object.isFrozen(record)) return record
  return freezeRecord({ ...record, policy: record.policy === null ? null : { ...record.policy } })
}
