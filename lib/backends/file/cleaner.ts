import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant } from '../../../types/index.d.ts'
import { isId } from '../../record/ids.ts'
import { discardTree, type Disk, renamed, unless } from './disk.ts'
import { removeLeftovers, removePreparation } from './leftovers.ts'
import { list } from './listing.ts'
import { isTrash, type Places } from './names.ts'
import type { SubjectIndex } from './subjects.ts'
import type { Writer } from './writer.ts'

/** Deletes what nobody reads any more: expired sessions, what killed processes left, entries of the index. */
export class Cleaner {
  readonly #places: Places
  readonly #disk: Disk
  readonly #writer: Writer
  readonly #subjects: SubjectIndex
  readonly #now: () => Instant
  /** Where the next batch begins, so that batches that end at their limit make one walk together. */
  #next = 0
  readonly #deleting = new Set<Promise<void>>()

  constructor (places: Places, disk: Disk, writer: Writer, subjects: SubjectIndex, now: () => Instant) {
    this.#places = places
    this.#disk = disk
    this.#writer = writer
    this.#subjects = subjects
    this.#now = now
  }

  /** Walks over all sessions once, or until so many were removed. */
  async removeExpired (limit: number): Promise<number> {
    const { shards } = this.#places
    await this.#emptyTrash()
    const start = this.#next
    let removed = 0
    for (let n = 0; n < shards.length; n++) {
      const current = (start + n) % shards.length
      // One that fails is passed by the next time.
      this.#next = (current + 1) % shards.length
      removed += await this.#cleanShard(shards[current]!, limit - removed)
      if (removed < limit) continue
      this.#next = current
      break
    }
    return removed
  }

  /** One rename ends all sessions, and all that are being written; deleting them takes its time behind it. */
  async removeAll (): Promise<void> {
    const trash = this.#places.trash()
    if (!await renamed(this.#places.root, trash)) return
    await this.#disk.settle(this.#places.directory)
    const deleting = discardTree(trash).finally(() => { this.#deleting.delete(deleting) })
    this.#deleting.add(deleting)
  }

  /** Resolves when nothing is being deleted. */
  async idle (): Promise<void> {
    await Promise.all(this.#deleting)
  }

  async #cleanShard (name: string, limit: number): Promise<number> {
    const shard = join(this.#places.root, name)
    let removed = 0
    for (const entry of await unless(readdir(shard), 'ENOENT') ?? []) {
      if (removed >= limit) return removed
      if (!isId(entry)) await removePreparation(shard, entry)
      else if (await this.#cleanSession(entry)) removed++
    }
    await this.#subjects.prune(name, this.#now(), async id => (await list(this.#places.session(id)))?.pointer?.expiresAt ?? null)
    return removed
  }

  /** Whether it was an expired session, and this call removed it. A renewal in between gives it another name. */
  async #cleanSession (id: string): Promise<boolean> {
    const directory = this.#places.session(id)
    const listing = await list(directory)
    if (listing === null) return false
    const { pointer, others } = listing
    if (pointer === null || pointer.expiresAt <= this.#now()) return await this.#writer.end(id, listing) === 'done' && pointer !== null
    await removeLeftovers(directory, others)
    return false
  }

  /** What a process left that was killed while it deleted all sessions. */
  async #emptyTrash (): Promise<void> {
    for (const name of await unless(readdir(this.#places.directory), 'ENOENT') ?? []) {
      if (isTrash(name)) await discardTree(join(this.#places.directory, name))
    }
  }
}
