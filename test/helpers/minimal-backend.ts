import { MemoryBackend } from '../../lib/index.ts'
import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'

/** The least that a backend can be: three methods, no compare-and-set, no expiry. Its records are in the open. */
export class MinimalBackend implements SessionBackend {
  readonly records = new Map<string, SessionRecord>()

  /** The record of a backend that has a single one. */
  get only (): SessionRecord { return [...this.records.values()][0]! }

  read (id: string): SessionRecord | null { return this.records.get(id) ?? null }

  write (id: string, record: SessionRecord): string {
    this.records.set(id, { ...record })
    return id
  }

  remove (id: string): void { this.records.delete(id) }

  /** Overwrites parts of a stored record, as another release or an attacker would. */
  tamper (id: string, changes: Partial<SessionRecord>): void { this.records.set(id, { ...this.records.get(id)!, ...changes }) }
}

/** Atomic, but its deadlines move only by a write. */
export class UntouchableBackend implements SessionBackend {
  readonly atomic = true
  readonly #memory: MemoryBackend
  constructor (now: () => number) { this.#memory = new MemoryBackend({}, { property: '', now, spaces: new Map() }) }
  read (id: string): SessionRecord | null { return this.#memory.read(id) }
  write (id: string | null, record: SessionRecord, expectedVersion?: number): string | SessionRecord | null { return this.#memory.write(id!, record, expectedVersion) }
  remove (id: string): void { this.#memory.remove(id) }
}
