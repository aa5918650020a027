import { HashMap } from './hash-map.ts'

/** A class for the reason that lib/tools/hash-map.ts gives. */
class Entry<Key, Value> {
  readonly key: Key
  value: Value | undefined
  older: Entry<Key, Value> | null = null
  newer: Entry<Key, Value> | null = null

  constructor (key: Key, value: Value) {
    this.key = key
    this.value = value
  }
}

/**
 * A map of bounded size: when the map is full, the entry that was set longest ago goes first.
 *
 * The order of a `Map` would do, but costs too much: finding the first entry means walking over the places of all entries
 * that were deleted before, up to as many as the map holds. So the entries are linked in a list.
 *
 * @example
 * const map = new BoundedMap<string, number>(2)
 * for (const key of ['a', 'b', 'c']) map.set(key, 1) // 'a' is gone
 */
export class BoundedMap<Key extends string | number, Value> {
  readonly #most: number
  readonly #entries = new HashMap<Key, Entry<Key, Value>>()
  #oldest: Entry<Key, Value> | null = null
  #newest: Entry<Key, Value> | null = null

  /** @param most how many entries the map holds at most, from 1 */
  constructor (most: number) {
    this.#most = most
  }

  get size (): number { return this.#entries.size }

  /** The value of the entry that goes next. */
  get oldest (): Value | undefined { return this.#oldest?.value }

  get (key: Key): Value | undefined { return this.#entries.get(key)?.value }

  /** Sets a value, and makes the entry the newest. */
  set (key: Key, value: Value): void {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      if (this.#entries.size >= this.#most) this.delete(this.#oldest!.key)
      entry = new Entry(key, value)
      this.#entries.set(key, entry)
    } else {
      entry.value = value
      this.#unlink(entry)
    }
    entry.older = this.#newest
    if (this.#newest === null) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  delete (key: Key): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#unlink(entry)
    entry.value = undefined
  }

  clear (): void {
    this.#entries.clear()
    this.#oldest = this.#newest = null
  }

  /** The values, the oldest first. The entry of the value at hand may be deleted during the iteration. */
  * values (): IterableIterator<Value> {
    for (let entry = this.#oldest; entry !== null;) {
      const { newer, value } = entry
      yield value as Value
      entry = newer
    }
  }

  #unlink (entry: Entry<Key, Value>): void {
    const { older, newer } = entry
    // An entry that has left must point at nothing: old garbage keeps young objects alive.
    entry.older = entry.newer = null
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
  }
}
