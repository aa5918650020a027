import { mkdir, open, rename, rm, rmdir, unlink, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Instant } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { unexpected } from '../../tools/check-options.ts'
import type { Places } from './names.ts'

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** Whether an error of the file system is one of these. */
export function hasCode (error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as NodeJS.ErrnoException).code))
}

/** What the promise gives, or `null` when it fails with one of these codes. */
export async function unless<T> (promise: Promise<T>, ...codes: string[]): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (hasCode(error, ...codes)) return null
    throw error
  }
}

/** Whether it was renamed; `false` when there is no file of the old name any more. */
export async function renamed (from: string, to: string): Promise<boolean> {
  return await unless(rename(from, to).then(() => true), 'ENOENT') !== null
}

/** Whether it was this call that deleted the file. */
export async function unlinked (path: string): Promise<boolean> {
  return await unless(unlink(path).then(() => true), 'ENOENT', 'ENOTDIR') !== null
}

/** Deletes a file that nobody needs. That it cannot be deleted hurts nobody now: whoever comes later tries again. */
export async function discard (path: string): Promise<void> {
  await unlink(path).catch(() => {})
}

/** Deletes a directory if it is empty. */
export async function discardEmpty (path: string): Promise<void> {
  await rmdir(path).catch(() => {})
}

/** Deletes whatever is there, a directory with all that it holds. */
export async function discardTree (path: string): Promise<void> {
  await unlink(path).catch(() => rm(path, { recursive: true, force: true })).catch(() => {})
}

export async function setMtime (path: string, instant: Instant): Promise<void> {
  await utimes(path, instant / 1_000, instant / 1_000)
}

/** Writing, with or without waiting until the disk has it. */
export class Disk {
  readonly isDurable: boolean

  constructor (isDurable: boolean) {
    this.isDurable = isDurable
  }

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

  /** Makes all directories that lead there. */
  async makePath (path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
    if (first === undefined || !this.isDurable) return
    for (let made = path; made.length >= first.length; made = dirname(made)) await this.settle(dirname(made))
  }

  /** With `durable`, waits until the disk has the names in a directory. One that is gone by now has none. */
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

/** Errors which waiting does not cure. */
const LASTING = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'ENOENT']

/**
 * Makes the directory of a registration if it is missing, and tries to write a file in the directory of the backend.
 *
 * @throws InvalidOptionsError when the directory can never hold sessions
 * @throws BackendUnavailableError when the disk is full or fails
 */
export async function prepareDirectory (places: Places, disk: Disk): Promise<void> {
  const { directory, root } = places
  try {
    await disk.makePath(root)
    // Named like trash, so that the sweeper deletes the file if the process is killed here.
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
