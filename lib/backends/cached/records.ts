import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { freezeRecord, isRecord } from '../../record/record.ts'
import { BoundedMap } from '../../tools/bounded-map.ts'
import { HashMap } from '../../tools/hash-map.ts'

/** What an entry takes beside its texts: the objects of the record, of the map and of the order of use. */
const OBJECTS_BYTES = 500

/** A record, and when its reading began. */
export interface Entry {
  readonly record: SessionRecord
  readonly at: Moment
  readonly bytes: number
}

/** A moment by the clock of the registration, which a test moves, and by one that nobody sets. */
export interface Moment {
  readonly instant: Instant
  readonly uptimeMs: number
}

/** A reading under way. Several of one id share it, and a report spoils it for all of them. */
interface Reading { readers: number }

/**
 * Records as they were read, the longest unused going first. Only sessions are kept: that there is none would hide one that is just
 * being made elsewhere.
 *
 * **A report spoils what is being read.** An answer may be older than a report that overtakes it, and would stay for good: nothing
 * reports the same change twice. So an answer is kept only if nothing was reported between the question and the answer.
 */
export class CachedRecords {
  readonly #maxBytes: number
  readonly #entries = new BoundedMap<string, Entry>(Infinity)
  readonly #readings = new HashMap<string, Reading>()
  #bytes = 0

  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What all entries take. */
  get bytes (): number { return this.#bytes }

  /** How many readings are under way whose answers may be kept. */
  get readings (): number { return this.#readings.size }

  get (id: string): Entry | undefined { return this.#entries.get(id) }

  /** The entry was used. While the cache is at most half full, the order of use decides nothing. */
  use (entry: Entry): void {
    if (this.#bytes * 2 > this.#maxBytes) this.#entries.set(entry.record.id, entry)
  }

  /** A reading begins. Answers what ends it: with the answer of the store, or `null` where there is none. */
  begin (id: string, at: Moment): (answer: unknown) => void {
    const reading = this.#readings.get(id) ?? { readers: 0 }
    reading.readers++
    this.#readings.set(id, reading)
    return answer => {
      const isSpoilt = this.#readings.get(id) !== reading
      if (--reading.readers === 0 && !isSpoilt) this.#readings.delete(id)
      if (!isSpoilt && isSession(answer, id)) this.#keep(answer, at)
    }
  }

  /** Something has happened to the session, or is about to. */
  drop (id: string): void {
    this.#readings.delete(id)
    this.#remove(id)
  }

  /** Anything may have happened. */
  dropAll (): void {
    this.#readings.clear()
    this.#entries.clear()
    this.#bytes = 0
  }

  #keep (record: SessionRecord, at: Moment): void {
    const bytes = bytesOf(record)
    this.#remove(record.id)
    if (bytes > this.#maxBytes) return
    this.#entries.set(record.id, { record: freezeRecord(record), at, bytes })
    this.#bytes += bytes
    while (this.#bytes > this.#maxBytes) this.#remove(this.#entries.oldest!.record.id)
  }

  #remove (id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#bytes -= entry.bytes
  }
}

function isSession (answer: unknown, id: string): answer is SessionRecord {
  return isRecord(answer) && answer.id === id && answer.data !== ''
}

function bytesOf ({ id, data, subject, policy, meta }: SessionRecord): number {
  return OBJECTS_BYTES + id.length + Buffer.byteLength(data) + Buffer.byteLength(JSON.stringify([subject, policy, meta]))
}
