import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { freezeRecord } from '../../record/record.ts'
import { decodeRecord } from '../../record/record-text.ts'
import { renamed } from './disk.ts'
import { list, readData } from './listing.ts'
import { type Places, type Pointer, renewedName } from './names.ts'
import type { Writer } from './writer.ts'

/** Each try but the last one failed since another process was faster. */
const MOST_TRIES = 1_000

/** Sessions by their id. Safe between processes and against kill -9, without locks: see `Writer`. */
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

  /** The pointer of a live session: enough to know that it is there. */
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
      // Deleted between the two looks, since another write took its place. Seen twice, it is not there.
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
        // Gone meanwhile, or not to be read: either way there is none, and a new one may be stored.
        damaged = pointer!.name
        return undefined
      }
      const outcome = record.expiresAt <= this.#now() ? await this.#writer.end(id, listing) : await this.#writer.store(id, record, listing)
      if (outcome === 'done') return id
      return outcome === 'revoked' && expectedVersion !== undefined ? null : undefined
    })
  }

  /** Moves the deadlines: another name of the pointer, the data stay. */
  async touch (id: string, record: SessionRecord): Promise<boolean> {
    const directory = this.#places.session(id)
    return await untilDone(async () => {
      const pointer = await this.find(id)
      if (pointer === null) return false
      if (pointer.version !== record.version) return true
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

/** Repeats a step that answers `undefined` when another process was faster. */
async function untilDone<T> (step: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const answer = await step()
    if (answer !== undefined) return answer
  }
  throw new BackendUnavailableError('Other processes changed the session over and over')
}
