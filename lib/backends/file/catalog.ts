import { join } from 'node:path'
import type { Instant, ListFilter, ListPage, RemoveOptions, SessionRecord } from '../../../types/index.d.ts'
import { tombstone } from '../../record/record.ts'
import { DEFAULT_PAGE, ignoreNewer } from '../conventions.ts'
import { hasKey, type IndexKey, isListed, type KeyFilter, keysIn } from '../index-keys.ts'
import { idsIn } from './listing.ts'
import { type Places } from './names.ts'
import type { SessionIndex } from './session-index.ts'
import type { FileSessions } from './sessions.ts'

/** Sessions read in parallel: enough to keep the disk busy, few enough to let requests run in between. */
const BATCH = 16

/** Works on many sessions: lists, counts and revokes them. */
export class FileCatalog {
  readonly #places: Places
  readonly #sessions: FileSessions
  readonly #index: SessionIndex
  readonly #now: () => Instant

  constructor (places: Places, sessions: FileSessions, index: SessionIndex, now: () => Instant) {
    this.#places = places
    this.#sessions = sessions
    this.#index = index
    this.#now = now
  }

  async list ({ limit = DEFAULT_PAGE, cursor = '', ...filter }: ListFilter): Promise<ListPage<SessionRecord>> {
    const sessions: SessionRecord[] = []
    for await (const ids of this.#batches(keysIn(filter)[0], cursor)) {
      const records = await Promise.all(ids.map(async id => await this.#readOf(id, filter)))
      sessions.push(...records.filter(record => record !== null))
      if (sessions.length > limit) return { sessions: sessions.slice(0, limit), cursor: sessions[limit - 1]!.id }
    }
    return { sessions, cursor: null }
  }

  async count (filter: KeyFilter): Promise<number> {
    let count = 0
    for await (const ids of this.#batches(keysIn(filter)[0], '')) {
      const found = await Promise.all(ids.map(async id => await this.#counts(id, filter)))
      count += found.filter(Boolean).length
    }
    return count
  }

  /**
   * Ends all sessions of a subject or label, and also sessions whose creation has begun: each id in the index that has a session
   * or is young gets a tombstone, so that a request which is about to create a session under the id finds the id taken.
   */
  async end (key: IndexKey, { except, ending }: RemoveOptions): Promise<number> {
    let removed = 0
    const errors: unknown[] = []
    const revoke = async (id: string) => {
      if (id !== except && await this.#revoke(id, key, ending)) removed++
    }
    for await (const ids of this.#batches(key, '')) {
      // If ending a session fails, the rest of the sessions must end nevertheless.
      await Promise.all(ids.map(async id => await revoke(id).catch(error => { errors.push(error) })))
    }
    if (errors.length > 0) throw errors[0]
    return removed
  }

  /** Whether a session with the key stood under the id, and was ended. */
  async #revoke (id: string, key: IndexKey, ending: RemoveOptions['ending']): Promise<boolean> {
    let stands: SessionRecord | null
    do {
      stands = await this.#sessions.read(id)
      const isTheirs = stands !== null && !hasKey(stands, key)
      if (isTheirs) return false
    } while ((stands !== null || await this.#index.isYoung(key, id)) && await this.#leaveTombstone(id, stands, ending) !== id)
    await this.#index.drop(key, id)
    return stands !== null
  }

  async #leaveTombstone (
    id: string, stands: SessionRecord | null, ending: RemoveOptions['ending']
  ): Promise<string | SessionRecord | null> {
    const ended = ending === undefined ? tombstone(id, this.#now()) : { ...ending, id }
    try {
      return await this.#sessions.write(id, ended, stands?.version ?? 0)
    } catch (error) {
      if (stands === null) throw error
      // A full disk has no room for a tombstone. Deleting needs no room: the session ends without a tombstone.
      return await this.#sessions.write(id, { ...ended, expiresAt: 0 }, stands.version)
    }
  }

  async #counts (id: string, filter: KeyFilter): Promise<boolean> {
    if (keysIn(filter).length > 0) return await this.#readOf(id, filter) !== null
    const pointer = await this.#sessions.find(id)
    return pointer?.isTombstone === false
  }

  /**
   * The record of a session; `null` for a tombstone, and for a session without the keys of the filter: if it lacks the key through
   * whose index it was found, its id goes out of the index, so that no later call reads it.
   */
  async #readOf (id: string, filter: KeyFilter): Promise<SessionRecord | null> {
    const record = await this.#sessions.read(id).catch(ignoreNewer)
    if (record === 'newer') return null
    if (record !== null && isListed(record, filter)) return record
    const [key] = keysIn(filter)
    const isStale = key !== undefined && (record === null || !hasKey(record, key))
    if (isStale && !await this.#index.isYoung(key, id)) await this.#index.drop(key, id)
    return null
  }

  async * #batches (key: IndexKey | undefined, cursor: string): AsyncGenerator<string[]> {
    for await (const ids of key === undefined ? this.#shards(cursor) : [await this.#index.idsOf(key)]) {
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
