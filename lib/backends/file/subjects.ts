import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { isId } from '../../record/ids.ts'
import { YOUNG_MS } from '../conventions.ts'
import { discard, discardEmpty, type Disk, hasCode, namesIn, setTimes, succeeds, unless } from './disk.ts'
import { idsIn } from './listing.ts'
import { type Places } from './names.ts'

/** How long an entry outlives its deadline: longer than any request that may still create the session. */
const SLACK_MS = 3_600_000
/** The latest time given to a file: the year 2255. A file system cannot store times without a limit. */
const MAX_INSTANT = 9_000_000_000_000
const MOST_TRIES = 100

/**
 * Finds the sessions of a subject. Each session has an entry: an empty file, named by the session's id, with the session's
 * deadline as the time of its last change, and the time of the session's last write as the time of its last access.
 *
 * An entry is written before its session, so that no session is ever missing in the index. An entry may be there without a
 * session, before the session is created or after its end. An entry is deleted when its session ends, when a listing finds no
 * session and the last write is five minutes ago, and when its time has passed and there is no session.
 */
export class SubjectIndex {
  readonly #places: Places
  readonly #disk: Disk
  readonly #now: () => Instant

  constructor (places: Places, disk: Disk, now: () => Instant) {
    this.#places = places
    this.#disk = disk
    this.#now = now
  }

  /** Adds the entry of a session, or moves its deadline. */
  async add ({ id, subject, expiresAt }: SessionRecord): Promise<void> {
    if (subject === null) return
    const directory = this.#places.subject(subject)
    const path = join(directory, id)
    const deadline = Math.min(expiresAt, MAX_INSTANT)
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      if (await succeeds(setTimes(path, this.#now(), deadline), 'ENOENT')) return
      await this.#create(directory, path)
    }
    throw new BackendUnavailableError(`No entry can be kept at ${path}`)
  }

  /** The ids of all sessions which the subject may have, in order. */
  async idsOf (subject: string): Promise<string[]> {
    return await idsIn(this.#places.subject(subject))
  }

  /** Deletes the entry of a session which has ended. An error is ignored: a listing or a sweep tries again. */
  async drop (subject: string, id: string): Promise<void> {
    await discard(join(this.#places.subject(subject), id))
  }

  /** Whether the session may be about to be stored: its entry was made or moved in the last five minutes. */
  async isYoung (subject: string, id: string): Promise<boolean> {
    const stats = await unless(stat(join(this.#places.subject(subject), id)), 'ENOENT')
    return stats !== null && this.#now() - stats.atimeMs <= YOUNG_MS
  }

  /**
   * Deletes the entries of a shard whose time has passed, unless their session is alive.
   *
   * @param deadlineOf the deadline of a session; `null` when there is no such session
   */
  async prune (shard: string, now: Instant, deadlineOf: (id: string) => Promise<Instant | null>): Promise<void> {
    const parent = join(this.#places.subjects, shard)
    for (const subject of await namesIn(parent)) {
      const directory = join(parent, subject)
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
