import { resolve } from 'node:path'
import type {
  BackendContext, Duration, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord
} from '../../../types/index.d.ts'
import { optionsCheck } from '../../tools/check-options.ts'
import { isId } from '../../record/ids.ts'
import { Sweeper, sweepIntervalOf } from '../sweeper.ts'
import { MAIN_PROPERTY } from '../conventions.ts'
import type { KeyFilter } from '../index-keys.ts'
import { FileCatalog } from './catalog.ts'
import { Cleaner } from './cleaner.ts'
import { Disk, prepareDirectory } from './disk.ts'
import { Places } from './names.ts'
import { SessionIndex } from './session-index.ts'
import { FileSessions } from './sessions.ts'
import { Writer } from './writer.ts'

export interface FileBackendOptions {
  /**
   * The directory for the sessions, on a local disk. Made if it is missing, for the user of this process only (directories
   * 0700, files 0600).
   */
  directory: string
  /**
   * Whether a write waits until the disk has stored the session. With `false`, a killed process loses nothing, but a power
   * failure loses the writes of the last seconds, and may lose the whole session which was written.
   *
   * @default false
   */
  durable?: boolean
  /** The mean time between two removals of expired sessions. @default never: call `app.sessions.removeExpired()` */
  sweepEvery?: Duration
}

/** How many damaged files are remembered as reported. */
const MAX_REPORTED = 1_000

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
 * Sessions in files on a local disk, for all processes of one machine. The backend is atomic without locks: when a process is
 * killed or stopped at any moment, no stored session is lost, and no other process waits.
 *
 *     new FileBackend({ directory: '/var/lib/shop/sessions', sweepEvery: '10m' })
 *
 * A session is a directory, `<directory>/<property>/<ab>/<id>/`, with two files: `d.<write>` has the data; an empty file, the
 * pointer, names the current data by its name, `cur.<version>.<deadline>.<last use>.<write>.<bytes>`. In a tombstone, the
 * name begins with `end`.
 *
 * - read: `readdir`, then `open`, `read` and `close` of the data
 * - write: the data into a new file, then `rename` of the pointer, which fails if a concurrent write or renewal was faster
 * - create: a directory is prepared aside, then renamed into place, which fails if a session stands there
 * - renewal: `rename` of the pointer
 * - remove: `unlink` of the pointer
 * - sessions of a subject: `<directory>/<property>/subjects/<ab>/<hash of the subject>/` has an empty file for each session; those
 *   with a label: `labels` in the place of `subjects`
 *
 * Limits:
 *
 * - Network file systems (NFS, SMB) do not work, since they may repeat a rename.
 * - The files are not encrypted, and their total size has no bound.
 * - Listing and counting all sessions takes time in proportion to their number.
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
    // Resolved now: the application may change its working directory later.
    this.#options = { ...options, directory: resolve(options.directory) }
    this.#places = new Places(this.#options.directory, binding?.property ?? MAIN_PROPERTY)
    this.#disk = new Disk(options.durable ?? false)
    const index = new SessionIndex(this.#places, this.#disk, now)
    const writer = new Writer(this.#places, this.#disk, index)
    this.#sessions = new FileSessions(this.#places, writer, now, reporter(binding?.log))
    this.#catalog = new FileCatalog(this.#places, this.#sessions, index, now)
    this.#cleaner = new Cleaner(this.#places, this.#disk, writer, index, now)
    this.#sweeper = sweepMs === null || binding === null
      ? null
      : new Sweeper({ everyMs: sweepMs, removeExpired: ({ limit }) => this.#cleaner.removeExpired(limit), log: binding.log })
  }

  bind ({ property, now, log }: BackendContext): FileBackend {
    return new FileBackend(this.#options, { property, now, log })
  }

  /**
   * Makes the directory if it is missing, tries to write a file, and starts the sweeper.
   *
   * @throws InvalidOptionsError when the directory is a file, or this process may not write to the directory
   * @throws BackendUnavailableError when the disk is full or fails; the sweeper starts nevertheless
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

  async touch (id: string, record: SessionRecord): Promise<boolean | null> {
    return isId(id) && await this.#sessions.touch(id, record)
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await this.#sessions.remove(id)
  }

  async exists (id: string): Promise<boolean> {
    return isId(id) && await this.#sessions.find(id) !== null
  }

  /** Pages in order of id. Sessions stored or removed between two pages neither hide nor repeat the rest. */
  async list (filter: ListFilter): Promise<ListPage<SessionRecord>> {
    return await this.#catalog.list(filter)
  }

  /** Looks at each session of the subject or label; without either, at each stored session. */
  async count (filter: KeyFilter): Promise<number> {
    return await this.#catalog.count(filter)
  }

  /** Also deletes leftovers of killed processes which are older than an hour. */
  async removeExpired ({ limit = Infinity }: { limit?: number }): Promise<number> {
    return await this.#cleaner.removeExpired(limit)
  }

  /** Ends all sessions at once, also sessions which are being stored. `close` waits until their files are deleted. */
  async removeAll (): Promise<void> {
    await this.#cleaner.removeAll()
  }

  /** Also ends sessions whose creation has begun, in any process. */
  async removeSubject (subject: string, options: RemoveOptions): Promise<number> {
    return await this.#catalog.end({ kind: 'subject', value: subject }, options)
  }

  /** Also ends sessions whose creation has begun, in any process. */
  async removeLabel (label: string, options: RemoveOptions): Promise<number> {
    return await this.#catalog.end({ kind: 'label', value: label }, options)
  }

  /** Stops the sweeper, and waits until the files of removed sessions are deleted. */
  async close (): Promise<void> {
    await this.#sweeper?.stop()
    await this.#cleaner.idle()
  }
}

/** Reports each damaged session once, with the path of the file and without its content. */
function reporter (log: BackendContext['log'] | undefined): (id: string, path: string) => void {
  const reported = new Set<string>()
  return (id, path) => {
    if (reported.has(path)) return
    if (reported.size === MAX_REPORTED) reported.clear()
    reported.add(path)
    log?.warn({ id, path }, 'the file of a session is damaged or missing; the session counts as absent')
  }
}
