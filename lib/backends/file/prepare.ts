import { unexpected } from '../../tools/check-options.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { discard, type Disk, hasCode } from './disk.ts'
import type { Places } from './names.ts'

/** What stays wrong however long one waits. */
const FOR_GOOD = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'ENOENT']

/**
 * Makes the directory where it is missing, and tries whether files can be written in it.
 *
 * @throws InvalidOptionsError when it can be no store of sessions
 * @throws BackendUnavailableError when the disk is full or fails
 */
export async function prepareDirectory (places: Places, disk: Disk): Promise<void> {
  const { directory, root } = places
  try {
    await disk.makePath(root)
    // Named as trash: should the process end here, it is taken away.
    const probe = places.trash()
    await disk.writeNew(probe, Buffer.from('x')).finally(() => discard(probe))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!hasCode(error, ...FOR_GOOD)) throw new BackendUnavailableError(`Sessions cannot be written to ${directory} now: ${code}`, { cause: error })
    const remedy = `${directory} failed with ${code}; create the directory, owned by the user that runs the application`
    throw unexpected('FileBackend.directory', 'a directory that this process can write to', directory, remedy)
  }
}
