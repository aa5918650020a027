import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionRecord } from '../../../types/index.d.ts'
import { encodeRecord } from '../../record/record-text.ts'
import { discard, discardEmpty, discardTree, type Disk, hasCode, renamed, unless, unlinked } from './disk.ts'
import { LEFTOVER_MS, removeLeftovers, removeRemains } from './leftovers.ts'
import type { Listing } from './listing.ts'
import { dataName, newAttempt, type Places, type Pointer, pointerName } from './names.ts'
import type { SubjectIndex } from './subjects.ts'

/** `again`: another write was faster, look anew. `revoked`: all sessions were removed while this one was prepared. */
export type Outcome = 'done' | 'again' | 'revoked'

/**
 * The steps of a write. One of them decides, and is atomic; a process that is killed before it has changed nothing, and
 * one that is killed after it only leaves files behind that no reader looks at.
 */
export class Writer {
  readonly #places: Places
  readonly #disk: Disk
  readonly #subjects: SubjectIndex

  constructor (places: Places, disk: Disk, subjects: SubjectIndex) {
    this.#places = places
    this.#disk = disk
    this.#subjects = subjects
  }

  /** Stores a record in the place of what the listing shows. */
  async store (id: string, record: SessionRecord, listing: Listing | null): Promise<Outcome> {
    const content = Buffer.from(encodeRecord(record))
    if (listing === null || listing.pointer === null) return await this.#create(id, record, content, listing)
    return await this.#replace(id, record, content, listing.pointer, listing.others)
  }

  /** Removes the session that the listing shows. Deleting the pointer decides; renewed or replaced, it has another name. */
  async end (id: string, listing: Listing | null): Promise<Outcome> {
    if (listing === null) return 'done'
    const { pointer, others } = listing
    const directory = this.#places.session(id)
    if (pointer !== null) {
      if (!await unlinked(join(directory, pointer.name))) return 'again'
      await this.#disk.settle(directory)
    }
    await removeRemains(directory, pointer === null ? others : [...others, pointer.dataName])
    return 'done'
  }

  // The rename of the pointer decides.
  async #replace (id: string, record: SessionRecord, content: Buffer, { name, dataName: oldData }: Pointer, others: readonly string[]): Promise<Outcome> {
    const directory = this.#places.session(id)
    const attempt = newAttempt()
    const data = join(directory, dataName(attempt))
    const begun = Date.now()
    try {
      await this.#subjects.add(record)
      const isWritten = await unless(this.#disk.writeNew(data, content).then(() => true), 'ENOENT') !== null
      if (!isWritten) return 'again'
      if (!await renamed(join(directory, name), join(directory, pointerName(record, attempt, content.length)))) {
        await discard(data)
        await discardEmpty(directory)
        return 'again'
      }
    } catch (error) {
      // A full disk: nothing was changed.
      await discard(data)
      throw error
    }
    if (Date.now() - begun > LEFTOVER_MS / 2) await this.#restore(data, content)
    await this.#disk.settle(directory)
    await discard(join(directory, oldData))
    await removeLeftovers(directory, others)
    return 'done'
  }

  // The process was stopped for so long that the data may have been taken for a killed writer's.
  async #restore (data: string, content: Buffer): Promise<void> {
    const copy = `${data}.${newAttempt()}`
    await this.#disk.writeNew(copy, content)
    await rename(copy, data)
  }

  // The rename of the prepared directory decides: it fails where there is a session.
  async #create (id: string, record: SessionRecord, content: Buffer, remains: Listing | null): Promise<Outcome> {
    const directory = this.#places.session(id)
    const prepared = this.#places.preparation(id)
    const attempt = newAttempt()
    if (remains !== null) await removeRemains(directory, remains.others)
    try {
      await this.#makeIn(this.#places.shard(id), prepared)
      // Not before: removing all sessions takes both away, or neither.
      await this.#subjects.add(record)
      await this.#disk.writeNew(join(prepared, dataName(attempt)), content)
      await this.#disk.writeNew(join(prepared, pointerName(record, attempt, content.length)), Buffer.alloc(0))
      await this.#disk.settle(prepared)
      await rename(prepared, directory)
      await this.#disk.settle(this.#places.shard(id))
      return 'done'
    } catch (error) {
      await discardTree(prepared)
      if (hasCode(error, 'ENOENT')) return 'revoked'
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return 'again'
      // A file in the place of the session's directory is none of ours.
      if (hasCode(error, 'ENOTDIR') && await unlinked(directory)) return 'again'
      throw error
    }
  }

  async #makeIn (shard: string, prepared: string): Promise<void> {
    if (await unless(this.#disk.makeDirectory(prepared).then(() => true), 'ENOENT') !== null) return
    await this.#disk.makePath(shard)
    await this.#disk.makeDirectory(prepared)
  }
}
