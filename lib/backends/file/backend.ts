import { resolve } from 'node:path'
import type { BackendContext, Duration, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { optionsCheck } from '../../tools/check-options.ts'
import { isId } from '../../record/ids.ts'
import { Sweeper, sweepIntervalOf } from '../sweeper.ts'
import { MAIN_PROPERTY } from '../conventions.ts'
import { FileCatalog } from './catalog.ts'
import { Cleaner } from './cleaner.ts'
import { Disk, prepareDirectory } from './disk.ts'
import { Places } from './names.ts'
import { FileSessions } from './sessions.ts'
import { SubjectIndex } from './subjects.ts'
import { Writer } from './writer.ts'

export interface FileBackendOptions {
  /** Where the sessions lie; made if it is missing, for this user only. On a local disk. */
  directory: string
  /**
   * Whether a write waits until the disk has it. Without it a killed process loses nothing, but a power failure loses
   * what was written in the last seconds, and may take the whole session with it. @default false
   */
  durable?: boolean
  /** How often expired sessions are deleted; else only by `app.sessions.removeExpired()`. */
  sweepEvery?: Duration
}

const REPORTS = 1_000

const checkOptions = optionsCheck({
  description: 'an object with directory',
  type: 'object',
  additionalProperties: false,
  required: ['directory'],
  properties: {
    directory: { description: 'the path of a directory', type: 'string', minLength: 1, pattern: '^[^\\u0000]*$' },
    durable: { description: 'true or false', type: 'boolean', default: false },
    sweepEvery: { description: 'a duration', type: ['number', 'string'] }
  }
})

/**
 * Sessions in files on a local disk: for one machine, with as many processes as it runs. Atomic, without locks: a
 * process that is killed or stopped at any moment neither loses what was stored nor holds up the others.
 *
 * `<directory>/<property>/<ab>/<id>/` has the file `d.<write>` with the data and an empty file, the pointer, whose name
 * `cur.<version>.<deadline>.<last use>.<write>.<bytes>` says which data are current:
 *
 * - read: `readdir`, then `open`, `read` and `close` of the data
 * - write: the data into a new file, then `rename` of the pointer, which fails if another write or a renewal was faster
 * - create: a directory is prepared aside, then renamed into place, which fails if there is a session
 * - renewal: `rename` of the pointer; remove: `unlink` of the pointer
 * - sessions of a subject: `<directory>/<property>/subjects/<ab>/<hash of the subject>/` has an empty file for each
 *
 * What it does not do: work on network file systems (NFS, SMB), whose renames may be repeated; hide anything from who
 * may read the files; bound how much it stores. Listing and counting all sessions looks at each of them.
 */
export class FileBackend implements SessionBackend {
  readonly atomic = true
  readonly #options: FileBackendOptions
  readonly #places: Places
  readonly #disk: Disk
  readonly #sessions: FileSessions
  readonly #catalog: FileCatalog
  readonly #cleaner: Cleaner
  readonly #sweeper: Sweeper | null

  /** @throws InvalidOptionsError */
  constructor (options: FileBackendOptions, binding: Pick<BackendContext, 'property' | 'now' | 'log'> | null = null) {
    checkOptions(options, 'FileBackend')
    const sweepMs = sweepIntervalOf(options.sweepEvery)
    const now = binding?.now ?? Date.now
    // Where the process is when the backend is made: it may move later.
    this.#options = { ...options, directory: resolve(options.directory) }
    this.#places = new Places(this.#options.directory, binding?.property ?? MAIN_PROPERTY)
    this.#disk = new Disk(options.durable ?? false)
    const subjects = new SubjectIndex(this.#places, this.#disk)
    const writer = new Writer(this.#places, this.#disk, subjects)
    this.#sessions = new FileSessions(this.#places, writer, now, reporter(binding?.log))
    this.#catalog = new FileCatalog(this.#places, this.#sessions, subjects, now)
    this.#cleaner = new Cleaner(this.#places, this.#disk, writer, subjects, now)
    this.#sweeper = sweepMs === null || binding === null
      ? null
      : new Sweeper({ everyMs: sweepMs, removeExpired: ({ limit }) => this.#cleaner.removeExpired(limit), log: binding.log })
  }

  bind ({ property, now, log }: BackendContext): FileBackend {
    return new FileBackend(this.#options, { property, now, log })
  }

  /**
   * Makes the directory where it is missing, tries to write in it, and starts sweeping.
   *
   * @throws InvalidOptionsError when it is a file, or this process may not write to it
   */
  async prepare (): Promise<void> {
    try {
      await prepareDirectory(this.#places, this.#disk)
    } finally {
      this.#sweeper?.start()
    }
  }

  async read (id: string): Promise<SessionRecord | null> {
    return isId(id) ? await this.#sessions.read(id) : null
  }

  async write (id: string | null, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    return isId(id) ? await this.#sessions.write(id, record, expectedVersion) : null
  }

  async touch (id: string, record: SessionRecord): Promise<boolean> {
    return isId(id) && await this.#sessions.touch(id, record)
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await this.#sessions.remove(id)
  }

  async exists (id: string): Promise<boolean> {
    return isId(id) && await this.#sessions.find(id) !== null
  }

  /** Pages in order of id; a session stored or removed meanwhile neither hides nor repeats another. */
  async list (filter: ListFilter): Promise<ListPage<SessionRecord>> {
    return await this.#catalog.list(filter)
  }

  /** Looks at each session of the subject, or at each there is. */
  async count ({ subject }: { subject?: string }): Promise<number> {
    return await this.#catalog.count(subject)
  }

  /** Also deletes what killed processes left an hour ago or earlier. */
  async removeExpired ({ limit = Infinity }: { limit?: number }): Promise<number> {
    return await this.#cleaner.removeExpired(limit)
  }

  /** Ends all sessions at once, also those that are being stored; their files are deleted behind it. */
  async removeAll (): Promise<void> {
    await this.#cleaner.removeAll()
  }

  /** Also ends those whose creation has begun, in this or another process. */
  async removeSubject (subject: string, { except }: { except?: string }): Promise<number> {
    return await this.#catalog.removeSubject(subject, except)
  }

  /** Stops sweeping, and waits until what was removed is deleted. */
  async close (): Promise<void> {
    await this.#sweeper?.stop()
    await this.#cleaner.idle()
  }
}

/** Reports a damaged session once, with its place and without its content. */
function reporter (log: BackendContext['log'] | undefined): (id: string, path: string) => void {
  const reported = new Set<string>()
  return (id, path) => {
    if (reported.has(path)) return
    if (reported.size === REPORTS) reported.clear()
    reported.add(path)
    log?.warn({ id, path }, 'the file of a session is damaged or missing; the session counts as absent')
  }
}
