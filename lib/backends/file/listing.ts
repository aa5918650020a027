import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { unless } from './disk.ts'
import { type Pointer, parsePointer } from './names.ts'

/** So few names come from the kernel in one piece, which no rename can cut in two. */
const EXACT_NAMES = 16
const MOST_TRIES = 100

/** What a session's directory holds. */
export interface Listing {
  /** What names the current data; `null` when the session has ended, and only leftovers are in here. */
  readonly pointer: Pointer | null
  /** Everything but the pointer and its data: of writers at work, or of killed ones. */
  readonly others: readonly string[]
}

/**
 * Looks into a session's directory; `null` when there is none.
 *
 * A long list is read from the kernel in several pieces, and a pointer that is renamed between two of them may show
 * twice or not at all. Such a list is read again, many times, before it is taken for a session that has ended.
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

/** The data that a pointer names: `null` when the file is missing, another text than was written when it is damaged. */
export async function readData (directory: string, { dataName, bytes }: Pointer): Promise<string | null> {
  const handle = await unless(open(join(directory, dataName), 'r'), 'ENOENT', 'ENOTDIR')
  if (handle === null) return null
  try {
    // One more than was written, so that a longer file shows.
    const buffer = Buffer.allocUnsafe(bytes + 1)
    const done = await unless(handle.read(buffer, 0, bytes + 1, 0), 'EISDIR')
    return done?.bytesRead === bytes ? buffer.toString('utf8', 0, bytes) : ''
  } finally {
    await handle.close()
  }
}
