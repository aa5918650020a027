import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionRecord } from '../../../types/index.d.ts'
import { decodeRecord, encodeRecord } from '../../record/record-text.ts'
import { type IndexKey, keysOf } from '../index-keys.ts'
import { discard, discardEmpty, discardTree, type Disk, hasCode, renamed, succeeds, unlinked } from './disk.ts'
import { LEFTOVER_MS, removeLeftovers, removeRemains } from './leftovers.ts'
import { type Listing, readData } from './listing.ts'
import { dataName, newAttempt, type Places, type Pointer, pointerName } from './names.ts'
import type { SessionIndex } from './session-index.ts'

/**
 * - `again`: a concurrent write was faster; list the directory again
 * - `revoked`: `removeAll` ended all sessions while the session was prepared
 */
export type Outcome = 'done' | 'again' | 'revoked'

/**
 * The steps of a write. A single step decides, and is atomic. A process which is killed before the deciding step has changed
 * nothing; a process which is killed afterwards only leaves files which no reader opens.
 */
export class Writer {
  readonly #places: Places
  readonly #disk: Disk
  readonly #index: SessionIndex

  constructor (places: Places, disk: Disk, index: SessionIndex) {
    this.#places = places
    this.#disk = disk
    this.#index = index
  }

  /** Stores a record in place of the session in the listing. */
  async store (id: string, record: SessionRecord, listing: Listing | null): Promise<Outcome> {
    const content = Buffer.from(encodeRecord(record))
    if (listing === null || listing.pointer === null) return await this.#create(id, record, content, listing)
    return await this.#replace(id, record, content, listing.pointer, listing.others)
  }

  /** Removes the session in the listing. Deleting the pointer decides: after a renewal or a write, the pointer has a new name. */
  async end (id: string, listing: Listing | null): Promise<Outcome> {
    if (listing === null) return 'done'
    const { pointer, others } = listing
    const directory = this.#places.session(id)
    if (pointer !== null) {
      if (!await unlinked(join(directory, pointer.name))) return 'again'
      await this.#disk.settle(directory)
      await this.#leaveIndex(id, directory, pointer)
    }
    await removeRemains(directory, pointer === null ? others : [...others, pointer.dataName])
    return 'done'
  }

  /** Renaming the pointer decides: the rename fails when a concurrent write or renewal has renamed the pointer before. */
  async #replace (id: string, record: SessionRecord, content: Buffer, old: Pointer, others: readonly string[]): Promise<Outcome> {
    const directory = this.#places.session(id)
    const attempt = newAttempt()
    const data = join(directory, dataName(attempt))
    const begun = Date.now()
    try {
      await this.#index.add(record)
      const isWritten = await succeeds(this.#disk.writeNew(data, content), 'ENOENT')
      if (!isWritten) return 'again'
      const isFirst = await renamed(join(directory, old.name), join(directory, pointerName(record, attempt, content.length)))
      if (!isFirst) {
        await discard(data)
        await discardEmpty(directory)
        return 'again'
      }
    } catch (error) {
      // On a full disk, say. The session stands as before.
      await discard(data)
      throw error
    }
    const isLate = Date.now() - begun > LEFTOVER_MS / 2
    if (isLate) await this.#restore(data, content)
    await this.#disk.settle(directory)
    if (record.data === '') await this.#leaveIndex(id, directory, old)
    await discard(join(directory, old.dataName))
    await removeLeftovers(directory, others)
    return 'done'
  }

  /** Takes a session which has ended out of the index of its subject and labels. Its data still tell these. */
  async #leaveIndex (id: string, directory: string, ended: Pointer): Promise<void> {
    for (const key of await keysIn(id, directory, ended)) await this.#index.drop(key, id)
  }

  /**
   * Writes the data again. The process stood still for so long that a sweep may have deleted the data file as a leftover of a
   * killed writer.
   */
  async #restore (data: string, content: Buffer): Promise<void> {
    const copy = `${data}.${newAttempt()}`
    await this.#disk.writeNew(copy, content)
    await rename(copy, data)
  }

  /** Renaming the prepared directory into place decides: the rename fails when a session stands there. */
  async #create (id: string, record: SessionRecord, content: Buffer, remains: Listing | null): Promise<Outcome> {
    const directory = this.#places.session(id)
    const prepared = this.#places.preparation(id)
    const attempt = newAttempt()
    if (remains !== null) await removeRemains(directory, remains.others)
    try {
      await this.#makeIn(this.#places.shard(id), prepared)
      // Not before the directory is made: a `removeAll` in between would take the entries in the index, and leave the session.
      await this.#index.add(record)
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
      // A file where the session's directory belongs: not from this library, and in the way.
      if (hasCode(error, 'ENOTDIR') && await unlinked(directory)) return 'again'
      throw error
    }
  }

  async #makeIn (shard: string, prepared: string): Promise<void> {
    if (await succeeds(this.#disk.makeDirectory(prepared), 'ENOENT')) return
    await this.#disk.makePath(shard)
    await this.#disk.makeDirectory(prepared)
  }
}

/** The keys of a stored record; none for one which cannot be read: its entries go by their time. */
async function keysIn (id: string, directory: string, pointer: Pointer): Promise<IndexKey[]> {
  try {
    // Data which are gone meanwhile are no record either.
    const record = decodeRecord(id, String(await readData(directory, pointer)))
    return record === null ? [] : keysOf(record)
  } catch {
    return []
  }
}
