import { mkdir, open, readdir, rename, rm, rmdir, stat, unlink, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Instant } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { unexpected } from '../../tools/check-options.ts'
import type { Places } from './names.ts'

/** For the user of this process only (docs/security.md C158). */
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700
/** A try fails only because a concurrent process has removed the parent again. */
const MOST_PATH_TRIES = 10

/** Whether an error of the file system has one of these codes. */
export function hasCode (error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as NodeJS.ErrnoException).code))
}

/** The result of the promise; `null` when the promise fails with one of these codes. */
export async function unless<T> (promise: Promise<T>, ...codes: string[]): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (hasCode(error, ...codes)) return null
    throw error
  }
}

/** Whether the promise succeeds; `false` when the promise fails with one of these codes. */
export async function succeeds (promise: Promise<unknown>, ...codes: string[]): Promise<boolean> {
  return await unless(promise.then(() => true), ...codes) ?? false
}

/** The names in a directory; none when the directory is missing, or when reading fails with one of these codes. */
export async function namesIn (directory: string, ...codes: string[]): Promise<string[]> {
  return await unless(readdir(directory), 'ENOENT', ...codes) ?? []
}

/** Whether the file was renamed; `false` when no file has the old name any more. */
export async function renamed (from: string, to: string): Promise<boolean> {
  return await succeeds(rename(from, to), 'ENOENT')
}

/** Whether this call deleted the file; `false` when another process was faster. */
export async function unlinked (path: string): Promise<boolean> {
  return await succeeds(unlink(path), 'ENOENT', 'ENOTDIR')
}

/** Deletes a file without use. An error is ignored: a later sweep tries again. */
export async function discard (path: string): Promise<void> {
  await unlink(path).catch(() => {})
}

/** Deletes a directory if it is empty. */
export async function discardEmpty (path: string): Promise<void> {
  await rmdir(path).catch(() => {})
}

/** Deletes a file, or a directory with its content. An error is ignored, as in `discard`. */
export async function discardTree (path: string): Promise<void> {
  await unlink(path).catch(() => rm(path, { recursive: true, force: true })).catch(() => {})
}

/** Sets the times of a file: its last access, and its last change. */
export async function setTimes (path: string, accessed: Instant, changed: Instant): Promise<void> {
  await utimes(path, accessed / 1_000, changed / 1_000)
}

/** Writes files and makes directories. With `isDurable`, each step waits until the disk has stored the change. */
export class Disk {
  readonly isDurable: boolean

  constructor (isDurable: boolean) {
    this.isDurable = isDurable
  }

  /** Writes a file which must not exist. */
  async writeNew (path: string, content: Buffer): Promise<void> {
    const handle = await open(path, 'wx', FILE_MODE)
    try {
      if (content.length > 0) await handle.writeFile(content)
      if (this.isDurable) await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async makeDirectory (path: string): Promise<void> {
    await mkdir(path, DIRECTORY_MODE)
  }

  /**
   * Makes a directory and its missing parents. Not by the option `recursive` of Node, which reports ENOENT ("no such directory")
   * where a file system is read-only or has no room.
   */
  async makePath (path: string): Promise<void> {
    for (let tries = 0; tries < MOST_PATH_TRIES; tries++) {
      if (await this.#isMade(path)) return
      await this.makePath(dirname(path))
    }
    throw new BackendUnavailableError(`The directory ${path} cannot be made`)
  }

  /** Whether the directory is there now; `false` when its parent is missing. */
  async #isMade (path: string): Promise<boolean> {
    try {
      await this.makeDirectory(path)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      if (!hasCode(error, 'EEXIST')) throw error
      const stats = await unless(stat(path), 'ENOENT')
      if (stats?.isDirectory() === true) return true
      throw Object.assign(new Error(`${path} is no directory`, { cause: error }), { code: 'ENOTDIR' })
    }
    await this.settle(dirname(path))
    return true
  }

  /** With `isDurable`, waits until the disk has stored the names in a directory. A missing directory has no names to store. */
  async settle (directory: string): Promise<void> {
    if (!this.isDurable) return
    const handle = await unless(open(directory, 'r'), 'ENOENT')
    try {
      await handle?.sync()
    } finally {
      await handle?.close()
    }
  }
}

/** Errors which do not go away by waiting. */
const LASTING = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'ENOENT']

/**
 * Makes the directory of a registration if the directory is missing, and tries to write a file beside it.
 *
 * @throws InvalidOptionsError when the directory can never hold sessions
 * @throws BackendUnavailableError when the disk is full or fails
 */
export async function prepareDirectory (places: Places, disk: Disk): Promise<void> {
  const { directory, root } = places
  try {
    await disk.makePath(root)
    // Named as trash, so that the sweeper deletes the file if the process is killed here.
    const probe = places.trash()
    await disk.writeNew(probe, Buffer.from('x')).finally(() => discard(probe))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!hasCode(error, ...LASTING)) {
      throw new BackendUnavailableError(`Sessions cannot be written to ${directory} now: ${code}`, { cause: error })
    }
    const remedy = `${directory} failed with ${code}; create the directory, owned by the user that runs the application`
    throw unexpected('FileBackend.directory', 'a directory that this process can write to', directory, remedy)
  }
}
