import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { isId } from '../../record/ids.ts'
import { discard, discardEmpty, type Disk, hasCode, setMtime, unless } from './disk.ts'
import { type Places } from './names.ts'

/** How long an entry outlives its deadline: longer than any request that may still create the session. */
const SLACK_MS = 3_600_000
/** File systems end somewhere: the year 2255. */
const MAX_INSTANT = 9_000_000_000_000
const MOST_TRIES = 100

/**
 * Which sessions a subject has: an empty file each, named by the session's id, whose time is the session's deadline.
 *
 * It is written before the session, so that a session is never missing in it; what it names may be no session yet, or no
 * more. An entry goes when its time has passed and there is no session.
 */
export class SubjectIndex {
  readonly #places: Places
  readonly #disk: Disk

  constructor (places: Places, disk: Disk) {
    this.#places = places
    this.#disk = disk
  }

  async add ({ id, subject, expiresAt }: SessionRecord): Promise<void> {
    if (subject === null) return
    const directory = this.#places.subject(subject)
    const path = join(directory, id)
    const deadline = Math.min(expiresAt, MAX_INSTANT)
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      if (await unless(setMtime(path, deadline).then(() => true), 'ENOENT') !== null) return
      await this.#create(directory, path)
    }
    throw new BackendUnavailableError(`No entry can be kept at ${path}`)
  }

  /** The ids that a subject may have sessions of, in order. */
  async idsOf (subject: string): Promise<string[]> {
    const names = await unless(readdir(this.#places.subject(subject)), 'ENOENT')
    return (names ?? []).filter(isId).sort()
  }

  /**
   * Deletes the entries of a shard whose time has passed.
   *
   * @param deadlineOf when the session of an id ends; `null` when there is none
   */
  async prune (shard: string, now: Instant, deadlineOf: (id: string) => Promise<Instant | null>): Promise<void> {
    const parent = join(this.#places.subjects, shard)
    for (const subject of await unless(readdir(parent), 'ENOENT') ?? []) {
      const directory = join(parent, subject)
      const names = await unless(readdir(directory), 'ENOENT', 'ENOTDIR') ?? []
      for (const id of names.filter(isId)) await this.#pruneEntry(join(directory, id), id, now, deadlineOf)
      await discardEmpty(directory)
    }
  }

  async #pruneEntry (path: string, id: string, now: Instant, deadlineOf: (id: string) => Promise<Instant | null>): Promise<void> {
    const stats = await unless(stat(path), 'ENOENT')
    if (stats === null || stats.mtimeMs + SLACK_MS > now) return
    const deadline = await deadlineOf(id)
    // Renewal does not touch the entry: it is put right here.
    if (deadline === null) await discard(path)
    else await unless(setMtime(path, Math.min(deadline, MAX_INSTANT)), 'ENOENT')
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
