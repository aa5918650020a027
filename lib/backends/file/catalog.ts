import { join } from 'node:path'
import type { Instant, ListFilter, ListPage, SessionRecord } from '../../../types/index.d.ts'
import { tombstone } from '../../record/record.ts'
import { DEFAULT_PAGE, ignoreNewer, isListed } from '../conventions.ts'
import { idsIn } from './listing.ts'
import { type Places } from './names.ts'
import type { FileSessions } from './sessions.ts'
import type { SubjectIndex } from './subjects.ts'

/** Sessions read in parallel: enough to keep the disk busy, few enough to let requests run in between. */
const BATCH = 16

/** Works on many sessions: lists, counts and revokes them. */
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
      const found = await Promise.all(ids.map(async id => await this.#counts(id, subject)))
      count += found.filter(Boolean).length
    }
    return count
  }

  /**
   * Ends all sessions of a subject, and also sessions whose creation has begun: each id in the subject's index that has a session
   * or is young gets a tombstone, so that a request which is about to create a session under the id finds the id taken.
   */
  async removeSubject (subject: string, except: string | undefined): Promise<number> {
    let removed = 0
    const errors: unknown[] = []
    const revoke = async (id: string) => {
      if (id !== except && await this.#revoke(id, subject)) removed++
    }
    for await (const ids of this.#batches(subject, '')) {
      // If ending a session fails, the rest of the sessions must end nevertheless.
      await Promise.all(ids.map(async id => await revoke(id).catch(error => { errors.push(error) })))
    }
    if (errors.length > 0) throw errors[0]
    return removed
  }

  /** Whether a session of the subject stood under the id, and was ended. */
  async #revoke (id: string, subject: string): Promise<boolean> {
    let stands: SessionRecord | null
    do {
      stands = await this.#sessions.read(id)
      const isTheirs = stands !== null && stands.subject !== subject
      if (isTheirs) return false
    } while ((stands !== null || await this.#subjects.isYoung(subject, id)) && await this.#leaveTombstone(id, stands) !== id)
    await this.#subjects.drop(subject, id)
    return stands !== null
  }

  async #leaveTombstone (id: string, stands: SessionRecord | null): Promise<string | SessionRecord | null> {
    const ended = tombstone(id, this.#now())
    try {
      return await this.#sessions.write(id, ended, stands?.version ?? 0)
    } catch (error) {
      if (stands === null) throw error
      // A full disk has no room for a tombstone. Deleting needs no room: the session ends without a tombstone.
      return await this.#sessions.write(id, { ...ended, expiresAt: 0 }, stands.version)
    }
  }

  async #counts (id: string, subject: string | undefined): Promise<boolean> {
    if (subject !== undefined) return await this.#readOf(id, subject) !== null
    const pointer = await this.#sessions.find(id)
    return pointer?.isTombstone === false
  }

  /**
   * The record of a session; `null` for a tombstone, and for a session of a different subject: then the id goes out of the index,
   * so that no later call reads it.
   */
  async #readOf (id: string, subject: string | undefined): Promise<SessionRecord | null> {
    const record = await this.#sessions.read(id).catch(ignoreNewer)
    if (record === 'newer') return null
    if (record !== null && isListed(record, subject)) return record
    if (subject !== undefined && !await this.#subjects.isYoung(subject, id)) await this.#subjects.drop(subject, id)
    return null
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
      yield await idsIn(join(this.#places.root, shard))
    }
  }
}
