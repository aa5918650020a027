import { join } from 'node:path'
import type { Instant } from '../../../types/index.d.ts'
import { isId } from '../../record/ids.ts'
import { discardTree, type Disk, namesIn, renamed } from './disk.ts'
import { removeLeftovers, removePreparation } from './leftovers.ts'
import { list } from './listing.ts'
import { isTrash, type Places } from './names.ts'
import type { SessionIndex } from './session-index.ts'
import type { Writer } from './writer.ts'

/** Deletes files without readers: expired sessions, leftovers of killed processes, old entries of the index. */
export class Cleaner {
  readonly #places: Places
  readonly #disk: Disk
  readonly #writer: Writer
  readonly #index: SessionIndex
  readonly #now: () => Instant
  /** The shard with which the next call begins. Calls which end at their limit make one walk over all shards together. */
  #next = 0
  readonly #deleting = new Set<Promise<void>>()

  constructor (places: Places, disk: Disk, writer: Writer, index: SessionIndex, now: () => Instant) {
    this.#places = places
    this.#disk = disk
    this.#writer = writer
    this.#index = index
    this.#now = now
  }

  /** Walks over all sessions once, or until `limit` sessions are removed; resolves to the number of removed sessions. */
  async removeExpired (limit: number): Promise<number> {
    const { shards } = this.#places
    await this.#emptyTrash()
    const start = this.#next
    let removed = 0
    for (let n = 0; n < shards.length; n++) {
      const current = (start + n) % shards.length
      // If cleaning the shard fails, the next call begins with the shard after it.
      this.#next = (current + 1) % shards.length
      removed += await this.#cleanShard(shards[current]!, limit - removed)
      if (removed < limit) continue
      this.#next = current
      break
    }
    return removed
  }

  /**
   * Ends all sessions at once by one rename, also sessions which are being written. The files are deleted after the call has
   * resolved: see `idle`.
   */
  async removeAll (): Promise<void> {
    const trash = this.#places.trash()
    if (!await renamed(this.#places.root, trash)) return
    await this.#disk.settle(this.#places.directory)
    const deleting = discardTree(trash).finally(() => { this.#deleting.delete(deleting) })
    this.#deleting.add(deleting)
  }

  /** Resolves when the files of all removed sessions are deleted. */
  async idle (): Promise<void> {
    await Promise.all(this.#deleting)
  }

  async #cleanShard (name: string, limit: number): Promise<number> {
    const shard = join(this.#places.root, name)
    let removed = 0
    for (const entry of await namesIn(shard)) {
      if (removed >= limit) return removed
      if (!isId(entry)) await removePreparation(shard, entry)
      else if (await this.#cleanSession(entry)) removed++
    }
    await this.#index.prune(name, this.#now(), async id => await this.#deadlineOf(id))
    return removed
  }

  async #deadlineOf (id: string): Promise<Instant | null> {
    const listing = await list(this.#places.session(id))
    return listing?.pointer?.expiresAt ?? null
  }

  /** Whether the session was expired, and this call removed the session. A renewal in between renames the pointer, and wins. */
  async #cleanSession (id: string): Promise<boolean> {
    const directory = this.#places.session(id)
    const listing = await list(directory)
    if (listing === null) return false
    const { pointer, others } = listing
    const isLive = pointer !== null && pointer.expiresAt > this.#now()
    if (isLive) {
      await removeLeftovers(directory, others)
      return false
    }
    const outcome = await this.#writer.end(id, listing)
    return outcome === 'done' && pointer !== null
  }

  /** Deletes the leftovers of a process which was killed in `removeAll`. */
  async #emptyTrash (): Promise<void> {
    for (const name of await namesIn(this.#places.directory)) {
      if (isTrash(name)) await discardTree(join(this.#places.directory, name))
    }
  }
}
