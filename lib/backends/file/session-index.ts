import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { isId } from '../../record/ids.ts'
import { YOUNG_MS } from '../conventions.ts'
import { type IndexKey, KINDS, keysOf } from '../index-keys.ts'
import { discard, discardEmpty, type Disk, hasCode, namesIn, setTimes, succeeds, unless } from './disk.ts'
import { idsIn } from './listing.ts'
import { type Places } from './names.ts'

/** How long an entry outlives its deadline: longer than any request that may still create the session. */
const SLACK_MS = 3_600_000
/** The latest time given to a file: the year 2255. A file system cannot store times without a limit. */
const MAX_INSTANT = 9_000_000_000_000
const MOST_TRIES = 100

/**
 * Finds the sessions of a subject or label. Each session has an entry under each of its keys: an empty file, named by the session's
 * id, with the session's deadline as the time of its last change, and the time of the session's last write as the time of its last
 * access.
 *
 * The entries are written before their session, so that no session is ever missing in an index. An entry may be there without a
 * session, before the session is created or after its end. An entry is deleted when its session ends, when a listing finds no
 * session and the last write is five minutes ago, and when its time has passed and there is no session.
 */
export class SessionIndex {
  readonly #places: Places
  readonly #disk: Disk
  readonly #now: () => Instant

  constructor (places: Places, disk: Disk, now: () => Instant) {
    this.#places = places
    this.#disk = disk
    this.#now = now
  }

  /** Adds the entries of a session, or moves their deadline. */
  async add (record: SessionRecord): Promise<void> {
    const deadline = Math.min(record.expiresAt, MAX_INSTANT)
    for (const key of keysOf(record)) await this.#addEntry(this.#places.entries(key), record.id, deadline)
  }

  async #addEntry (directory: string, id: string, deadline: Instant): Promise<void> {
    const path = join(directory, id)
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      if (await succeeds(setTimes(path, this.#now(), deadline), 'ENOENT')) return
      await this.#create(directory, path)
    }
    throw new BackendUnavailableError(`No entry can be kept at ${path}`)
  }

  /** The ids of all sessions which the key may have, in order. */
  async idsOf (key: IndexKey): Promise<string[]> {
    return await idsIn(this.#places.entries(key))
  }

  /** Deletes the entry of a session which has ended. An error is ignored: a listing or a sweep tries again. */
  async drop (key: IndexKey, id: string): Promise<void> {
    await discard(join(this.#places.entries(key), id))
  }

  /** Whether the session may be about to be stored: its entry was made or moved in the last five minutes. */
  async isYoung (key: IndexKey, id: string): Promise<boolean> {
    const stats = await unless(stat(join(this.#places.entries(key), id)), 'ENOENT')
    return stats !== null && this.#now() - stats.atimeMs <= YOUNG_MS
  }

  /**
   * Deletes the entries of a shard whose time has passed, unless their session is alive.
   *
   * @param deadlineOf the deadline of a session; `null` when there is no such session
   */
  async prune (shard: string, now: Instant, deadlineOf: (id: string) => Promise<Instant | null>): Promise<void> {
    for (const kind of KINDS) await this.#pruneIn(join(this.#places.index(kind), shard), now, deadlineOf)
  }

  async #pruneIn (parent: string, now: Instant, deadlineOf: (id: string) => Promise<Instant | null>): Promise<void> {
    for (const hash of await namesIn(parent)) {
      const directory = join(parent, hash)
      const names = await namesIn(directory, 'ENOTDIR')
      for (const id of names.filter(isId)) await this.#pruneEntry(join(directory, id), id, now, deadlineOf)
      await discardEmpty(directory)
    }
  }

  async #pruneEntry (path: string, id: string, now: Instant, deadlineOf: (id: string) => Promise<Instant | null>): Promise<void> {
    const stats = await unless(stat(path), 'ENOENT')
    if (stats === null || stats.mtimeMs + SLACK_MS > now) return
    const deadline = await deadlineOf(id)
    // A renewal does not move the deadline of the entry: the sweep does.
    if (deadline === null) await discard(path)
    else await succeeds(setTimes(path, stats.atimeMs, Math.min(deadline, MAX_INSTANT)), 'ENOENT')
  }

  async #create (directory: string, path: string): Promise<void> {
    try {
      await this.#disk.writeNew(path, Buffer.alloc(0))
      await this.#disk.settle(directory)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return await this.#disk.makePath(directory)
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
}
