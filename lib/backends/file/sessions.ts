import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { freezeRecord } from '../../record/record.ts'
import { decodeRecord } from '../../record/record-text.ts'
import { renamed } from './disk.ts'
import { list, readData } from './listing.ts'
import { type Places, type Pointer, renewedName } from './names.ts'
import type { Writer } from './writer.ts'

/** The most tries of a step. A try fails only because a concurrent process was faster. */
const MOST_TRIES = 1_000

/** Reads and writes single sessions. Safe between processes and against `kill -9`, without locks: see `Writer`. */
export class FileSessions {
  readonly #places: Places
  readonly #writer: Writer
  readonly #now: () => Instant
  readonly #report: (id: string, path: string) => void

  constructor (places: Places, writer: Writer, now: () => Instant, report: (id: string, path: string) => void) {
    this.#places = places
    this.#writer = writer
    this.#now = now
    this.#report = report
  }

  /** The pointer of a live session or tombstone, without reading the data. */
  async find (id: string): Promise<Pointer | null> {
    const pointer = (await list(this.#places.session(id)))?.pointer
    return this.#isLive(pointer) ? pointer : null
  }

  async read (id: string): Promise<SessionRecord | null> {
    let missing = ''
    return await untilDone(async () => {
      const pointer = await this.find(id)
      if (pointer === null) return null
      const text = await readData(this.#places.session(id), pointer)
      if (text !== null) return this.#decode(id, pointer, text)
      // A write replaced the data file after the pointer was found. When the same file is missing twice, the session is damaged.
      if (pointer.dataName === missing) return this.#damaged(id, pointer)
      missing = pointer.dataName
      return undefined
    })
  }

  async write (id: string, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    let damaged = ''
    return await untilDone(async () => {
      const listing = await list(this.#places.session(id))
      const pointer = listing?.pointer ?? null
      const version = this.#isLive(pointer) && pointer.name !== damaged ? pointer.version : 0
      if (version === record.version) return id
      if (expectedVersion !== undefined && version !== expectedVersion) {
        if (version === 0) return null
        const stands = await this.read(id)
        if (stands?.version === record.version) return id
        if (stands !== null || expectedVersion !== 0) return stands
        // The session ended meanwhile, or is damaged and counts as absent: a new session may be stored in its place.
        damaged = pointer!.name
        return undefined
      }
      const isEnd = record.expiresAt <= this.#now()
      const outcome = isEnd ? await this.#writer.end(id, listing) : await this.#writer.store(id, record, listing)
      if (outcome === 'done') return id
      const isRefused = outcome === 'revoked' && expectedVersion !== undefined
      return isRefused ? null : undefined
    })
  }

  /** Moves the deadlines by renaming the pointer. The data file stays. */
  async touch (id: string, record: SessionRecord): Promise<boolean | null> {
    const directory = this.#places.session(id)
    return await untilDone(async () => {
      const pointer = await this.find(id)
      if (pointer === null) return false
      if (pointer.version !== record.version) return null
      if (pointer.lastAccessedAt > record.lastAccessedAt) return true
      if (await renamed(join(directory, pointer.name), join(directory, renewedName(pointer, record)))) return true
      return undefined
    })
  }

  async remove (id: string): Promise<void> {
    await untilDone(async () => await this.#writer.end(id, await list(this.#places.session(id))) === 'done' ? true : undefined)
  }

  #isLive (pointer: Pointer | null | undefined): pointer is Pointer {
    return pointer !== null && pointer !== undefined && pointer.expiresAt > this.#now()
  }

  #decode (id: string, pointer: Pointer, text: string): SessionRecord | null {
    const record = decodeRecord(id, text)
    if (record === null || record.version !== pointer.version) return this.#damaged(id, pointer)
    const { expiresAt, lastAccessedAt } = pointer
    return freezeRecord({ ...record, expiresAt, lastAccessedAt })
  }

  #damaged (id: string, { dataName }: Pointer): null {
    this.#report(id, join(this.#places.session(id), dataName))
    return null
  }
}

/** Repeats a step until the step has an answer. `undefined` means that a different process was faster. */
async function untilDone<T> (step: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const answer = await step()
    if (answer !== undefined) return answer
  }
  throw new BackendUnavailableError('Other processes changed the session over and over')
}
