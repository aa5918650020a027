import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant, ListFilter, ListPage, SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { tombstone } from '../../record/record.ts'
import { isId } from '../../record/ids.ts'
import { DEFAULT_PAGE } from '../conventions.ts'
import { unless } from './disk.ts'
import { type Places } from './names.ts'
import type { FileSessions } from './sessions.ts'
import type { SubjectIndex } from './subjects.ts'

/** Files looked at together: enough to keep the disk busy, few enough for requests to come between. */
const BATCH = 16

/** Many sessions at a time: listing, counting, revoking. */
export class FileCatalog {
  readonly #places: Places
  readonly #sessions: FileSessions
  readonly #subjects: SubjectIndex
  readonly #now: () => Instant

  constructor (places: Places, sessions: FileSessions, subjects: SubjectIndex, now: () => Instant) {
    this.#places = places
    this.#sessions = sessions
    this.#subjects = subjects
    this.#now = now
  }

  async list ({ subject, limit = DEFAULT_PAGE, cursor = '' }: ListFilter): Promise<ListPage<SessionRecord>> {
    const sessions: SessionRecord[] = []
    for await (const ids of this.#batches(subject, cursor)) {
      const records = await Promise.all(ids.map(async id => await this.#readOf(id, subject)))
      sessions.push(...records.filter(record => record !== null))
      if (sessions.length > limit) return { sessions: sessions.slice(0, limit), cursor: sessions[limit - 1]!.id }
    }
    return { sessions, cursor: null }
  }

  async count (subject: string | undefined): Promise<number> {
    let count = 0
    for await (const ids of this.#batches(subject, '')) {
      const found = await Promise.all(ids.map(async id => subject === undefined
        ? (await this.#sessions.find(id))?.isTombstone === false
        : await this.#readOf(id, subject) !== null))
      count += found.filter(Boolean).length
    }
    return count
  }

  /** Leaves tombstones, also where no session is yet: who is about to create one there finds its id taken. */
  async removeSubject (subject: string, except: string | undefined): Promise<number> {
    let removed = 0
    const errors: unknown[] = []
    const revoke = async (id: string) => {
      if (id !== except && await this.#revoke(id, subject)) removed++
    }
    for await (const ids of this.#batches(subject, '')) {
      // One that cannot be ended must not keep the others alive.
      await Promise.all(ids.map(async id => await revoke(id).catch(error => { errors.push(error) })))
    }
    if (errors.length > 0) throw errors[0]
    return removed
  }

  async #revoke (id: string, subject: string): Promise<boolean> {
    for (;;) {
      const stands = await this.#sessions.read(id)
      if (stands !== null && stands.subject !== subject) return false
      if (await this.#bury(id, stands) === id) return stands !== null
    }
  }

  async #bury (id: string, stands: SessionRecord | null): Promise<string | SessionRecord | null> {
    const stone = tombstone(id, this.#now())
    try {
      return await this.#sessions.write(id, stone, stands?.version ?? 0)
    } catch (error) {
      if (stands === null) throw error
      // No room on the disk: the session ends without a tombstone, since deleting needs none.
      return await this.#sessions.write(id, { ...stone, expiresAt: 0 }, stands.version)
    }
  }

  async #readOf (id: string, subject: string | undefined): Promise<SessionRecord | null> {
    const record = await this.#sessions.read(id).catch(ignoreNewer)
    return record === null || record.data === '' || (subject !== undefined && record.subject !== subject) ? null : record
  }

  async * #batches (subject: string | undefined, cursor: string): AsyncGenerator<string[]> {
    for await (const ids of subject === undefined ? this.#shards(cursor) : [await this.#subjects.idsOf(subject)]) {
      const later = ids.filter(id => id > cursor)
      for (let start = 0; start < later.length; start += BATCH) yield later.slice(start, start + BATCH)
    }
  }

  async * #shards (cursor: string): AsyncGenerator<string[]> {
    for (const shard of this.#places.shards) {
      if (shard < cursor.slice(0, shard.length)) continue
      const names = await unless(readdir(join(this.#places.root, shard)), 'ENOENT')
      yield (names ?? []).filter(isId).sort()
    }
  }
}

// A session that a newer version of this library stored must not hide all the others.
function ignoreNewer (error: unknown): null {
  if (error instanceof BackendUnavailableError) return null
  throw error
}
