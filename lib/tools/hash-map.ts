import { hashOfText } from './hash-of-text.ts'

/** A class, since V8 puts literals into the old part of the heap at once where most of them have stayed so far. */
class Entry<Key, Value> {
  readonly key: Key
  /** Of the key: texts are compared only where their hashes are the same. */
  readonly hash: number
  value: Value | undefined
  /** The next entry with the same place. */
  next: Entry<Key, Value> | null = null

  constructor (key: Key, hash: number, value: Value) {
    this.key = key
    this.hash = hash
    this.value = value
  }
}

/** A power of two, since the place of a key is the last bits of its hash. */
const FEWEST_PLACES = 64

/**
 * A map in a long-lived place, for entries that come and go with each request.
 *
 * A `Map` would do, but costs too much: in place of deleted entries it makes itself a new table now and then, and in V8 the old table
 * points at the new one. Once a single old table has moved to the old part of the heap, the garbage collector takes it for alive until
 * the next whole collection, with all tables that follow and what was in them: the state of each request is then copied twice and
 * kept. Reading a session from Redis took 1.6 times the CPU time. So the entries are chained here, and an entry that has left points
 * at nothing that is younger.
 *
 * @example
 * const turns = new HashMap<string, Turn>()
 * turns.set(id, turn)
 * turns.delete(id)
 */
export class HashMap<Key extends string | number, Value> {
  /** The first entry at each place. */
  #places: Array<Entry<Key, Value> | null> = emptyPlaces(FEWEST_PLACES)
  #size = 0

  get size (): number { return this.#size }

  get (key: Key): Value | undefined { return this.#find(key, hashOf(key))?.value }

  has (key: Key): boolean { return this.#find(key, hashOf(key)) !== null }

  set (key: Key, value: Value): void {
    const hash = hashOf(key)
    const found = this.#find(key, hash)
    if (found !== null) {
      found.value = value
      return
    }
    if (this.#size === this.#places.length) this.#grow()
    this.#putFirst(new Entry(key, hash, value))
    this.#size++
  }

  delete (key: Key): void {
    const hash = hashOf(key)
    const place = this.#placeOf(hash)
    let before: Entry<Key, Value> | null = null
    for (let entry = this.#firstAt(place); entry !== null; entry = entry.next) {
      if (entry.hash === hash && entry.key === key) return this.#unlink(place, entry, before)
      before = entry
    }
  }

  clear (): void {
    this.#places = emptyPlaces(FEWEST_PLACES)
    this.#size = 0
  }

  #find (key: Key, hash: number): Entry<Key, Value> | null {
    let entry = this.#firstAt(this.#placeOf(hash))
    while (entry !== null && (entry.hash !== hash || entry.key !== key)) entry = entry.next
    return entry
  }

  #unlink (place: number, entry: Entry<Key, Value>, before: Entry<Key, Value> | null): void {
    if (before === null) this.#places[place] = entry.next
    else before.next = entry.next
    entry.next = null
    entry.value = undefined
    this.#size--
  }

  #putFirst (entry: Entry<Key, Value>): void {
    const place = this.#placeOf(entry.hash)
    entry.next = this.#firstAt(place)
    this.#places[place] = entry
  }

  #firstAt (place: number): Entry<Key, Value> | null { return this.#places[place] as Entry<Key, Value> | null }

  #placeOf (hash: number): number { return hash & (this.#places.length - 1) }

  #grow (): void {
    const entries = this.#places
    this.#places = emptyPlaces(2 * entries.length)
    for (let entry of entries) {
      while (entry !== null) {
        const { next } = entry
        this.#putFirst(entry)
        entry = next
      }
    }
  }
}

function emptyPlaces (count: number): null[] { return new Array<null>(count).fill(null) }

function hashOf (key: string | number): number {
  if (typeof key === 'number') return key | 0
  const hash = hashOfText(key)
  return hash ^ (hash >>> 15)
}
