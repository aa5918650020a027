import type { SessionRecord } from '../../types/index.d.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import { Listeners } from '../tools/listeners.ts'
import { hasSameKeys, type IndexKey, type KeyFilter, keysIn, keysOf } from './index-keys.ts'

/** Records by id, and an index of their subjects and labels. When there are too many, the record set longest ago goes first. */
export class IndexedRecords {
  readonly #most: number
  readonly #records: BoundedMap<string, SessionRecord>
  /** The ids of the sessions that have a key. No set is empty, so that the index is bounded by the sessions. */
  readonly #ids = new Map<string, Set<string>>()
  /** Told the id of each record that was set, replaced or deleted, and `null` where all are gone. */
  readonly changes = new Listeners<string | null>()

  /** @param most how many records are kept at most, from 1 */
  constructor (most: number) {
    this.#most = most
    this.#records = new BoundedMap(most)
  }

  get size (): number { return this.#records.size }

  /** The record that goes next. */
  get oldest (): SessionRecord | undefined { return this.#records.oldest }

  get (id: string): SessionRecord | undefined { return this.#records.get(id) }

  values (): IterableIterator<SessionRecord> { return this.#records.values() }

  /** Sets a record, and makes it the newest. The record that is there already only becomes the newest. */
  set (id: string, record: SessionRecord): void {
    const before = this.#records.get(id)
    if (before === undefined && this.#records.size >= this.#most) this.delete(this.#records.oldest!.id)
    this.#records.set(id, record)
    if (before === record) return
    if (before === undefined || !hasSameKeys(before, record)) this.#reindex(id, before, record)
    this.changes.tell(id)
  }

  delete (id: string): void {
    const record = this.#records.get(id)
    if (record === undefined) return
    this.#records.delete(id)
    this.#leave(id, record)
    this.changes.tell(id)
  }

  clear (): void {
    this.#records.clear()
    this.#ids.clear()
    this.changes.tell(null)
  }

  /** The records that may match a filter: those of the rarest of its keys; all of them, where it has no key. */
  candidates (filter: KeyFilter): Iterable<SessionRecord> {
    const [rarest] = keysIn(filter).map(key => this.#ids.get(nameOf(key)) ?? NONE).sort((a, b) => a.size - b.size)
    return rarest === undefined ? this.#records.values() : Array.from(rarest, id => this.#records.get(id)!)
  }

  #reindex (id: string, before: SessionRecord | undefined, record: SessionRecord): void {
    if (before !== undefined) this.#leave(id, before)
    for (const key of keysOf(record)) this.#join(nameOf(key), id)
  }

  #join (name: string, id: string): void {
    const ids = this.#ids.get(name)
    if (ids === undefined) this.#ids.set(name, new Set([id]))
    else ids.add(id)
  }

  #leave (id: string, record: SessionRecord): void {
    for (const key of keysOf(record)) {
      const name = nameOf(key)
      const ids = this.#ids.get(name)!
      ids.delete(id)
      if (ids.size === 0) this.#ids.delete(name)
    }
  }
}

const NONE: ReadonlySet<string> = new Set()

function nameOf ({ kind, value }: IndexKey): string { return `${kind}:${value}` }
