import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isId } from '../../record/ids.ts'
import { namesIn, unless } from './disk.ts'
import { type Pointer, parsePointer } from './names.ts'

/** The kernel returns up to so many names at once. A longer list comes in pieces, and a rename may fall between two pieces. */
const EXACT_NAMES = 16
const MOST_TRIES = 100

/** The content of a session's directory. */
export interface Listing {
  /** Names the current data; `null` when the session has ended, and only leftovers are in the directory. */
  readonly pointer: Pointer | null
  /** All names but the pointer and its data: files of writers at work, or of killed writers. */
  readonly others: readonly string[]
}

/**
 * Lists a session's directory; `null` when there is no such directory.
 *
 * In a long list, a pointer which is renamed between two pieces may appear twice or not at all. So the list is read again, up
 * to 100 times, before the session counts as ended.
 */
export async function list (directory: string): Promise<Listing | null> {
  let names: string[] | null = []
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    names = await unless(readdir(directory), 'ENOENT', 'ENOTDIR')
    if (names === null) return null
    const pointers = names.flatMap(name => parsePointer(name) ?? [])
    const pointer = pointers.length === 1 ? pointers[0]! : null
    if (pointer !== null) return { pointer, others: names.filter(name => name !== pointer.name && name !== pointer.dataName) }
    if (names.length <= EXACT_NAMES) break
  }
  return { pointer: null, others: names }
}

/** The ids among the names in a directory, in order. */
export async function idsIn (directory: string): Promise<string[]> {
  const names = await namesIn(directory)
  return names.filter(isId).sort()
}

/**
 * Reads the data file of a pointer. `null` when the file is missing; an empty text when the length is not the length which
 * the pointer says.
 */
export async function readData (directory: string, { dataName, bytes }: Pointer): Promise<string | null> {
  const handle = await unless(open(join(directory, dataName), 'r'), 'ENOENT', 'ENOTDIR')
  if (handle === null) return null
  try {
    // A byte more than was written, to notice a longer file.
    const buffer = Buffer.allocUnsafe(bytes + 1)
    const done = await unless(handle.read(buffer, 0, bytes + 1, 0), 'EISDIR')
    return done?.bytesRead === bytes ? buffer.toString('utf8', 0, bytes) : ''
  } finally {
    await handle.close()
  }
}
