import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { randomVersion } from '../../crypto/random.ts'
import { deadlinesText, versionText } from '../../record/record-text.ts'
import type { IndexKey } from '../index-keys.ts'

const POINTER = /^(cur|end)\.([0-9a-z]{10})\.([0-9a-z]{9})\.([0-9a-z]{9})\.([0-9a-z]{1,10})\.([0-9a-z]{1,6})$/
const SHARDS = 256
const SHARD_CHARS = 2
/** Most file systems allow 255 bytes for a name. A longer property is hashed. */
const MAX_PROPERTY_CHARS = 100
const TRASH = '~'

/** Begins the name of a directory in which a new session is prepared. */
export const NEW = '.new-'
/** Begins the name of a directory which is being deleted; no writer uses such a directory any more. */
export const OLD = '.old-'

/**
 * The parsed name of a session's pointer. All facts on which two writers may disagree are in the name, since a rename is the
 * only compare-and-set of a file system: the rename fails when the pointer has a different name by now.
 */
export interface Pointer {
  readonly name: string
  readonly version: number
  readonly expiresAt: Instant
  readonly lastAccessedAt: Instant
  readonly isTombstone: boolean
  readonly dataName: string
  /** The length of the data file. A shorter file was cut off by a power failure. */
  readonly bytes: number
}

/** A random name for one try of a write. Each try has its own data file, also when a write is repeated. */
export function newAttempt (): string { return randomVersion().toString(36) }

export function dataName (attempt: string): string { return `d.${attempt}` }

export function pointerName (record: SessionRecord, attempt: string, bytes: number): string {
  const deadlines = deadlinesText(record).replace(' ', '.')
  return `${record.data === '' ? 'end' : 'cur'}.${versionText(record.version)}.${deadlines}.${attempt}.${bytes.toString(36)}`
}

/** The name of a pointer after renewal: only the deadlines change. */
export function renewedName ({ name }: Pointer, record: SessionRecord): string {
  const [kind, version, , , attempt, bytes] = name.split('.')
  return [kind, version, ...deadlinesText(record).split(' '), attempt, bytes].join('.')
}

/** Parses the name of a pointer; `null` for a name of any other file. */
export function parsePointer (name: string): Pointer | null {
  const match = POINTER.exec(name)
  if (match === null) return null
  const [, kind, version, expiresAt, lastAccessedAt, attempt, bytes] = match as unknown as string[]
  const number = (text: string | undefined): number => Number.parseInt(text!, 36)
  return {
    name,
    version: number(version),
    expiresAt: number(expiresAt),
    lastAccessedAt: number(lastAccessedAt),
    isTombstone: kind === 'end',
    dataName: dataName(attempt!),
    bytes: number(bytes)
  }
}

export function isTrash (name: string): boolean { return name.startsWith(TRASH) }

/** The paths of the sessions of a single registration. */
export class Places {
  readonly directory: string
  /** The directory with all sessions of the registration: renaming the directory ends all sessions at once. */
  readonly root: string
  /** Names of the directories over which sessions are spread, `00` to `ff`. */
  readonly shards: readonly string[] = Array.from({ length: SHARDS }, (_, n) => n.toString(16).padStart(SHARD_CHARS, '0'))

  constructor (directory: string, property: string) {
    this.directory = directory
    this.root = join(directory, encodeProperty(property))
  }

  shard (id: string): string { return join(this.root, id.slice(0, SHARD_CHARS)) }
  session (id: string): string { return join(this.shard(id), id) }
  preparation (id: string): string { return join(this.shard(id), NEW + newAttempt()) }
  trash (): string { return join(this.directory, TRASH + newAttempt()) }

  /** The directory with the index of all subjects, or of all labels. */
  index (kind: IndexKey['kind']): string { return join(this.root, `${kind}s`) }

  /** The directory with an entry for each session that has the key. The value is hashed, since it may be long, and personal. */
  entries ({ kind, value }: IndexKey): string {
    const hash = createHash('sha256').update(value).digest('hex')
    return join(this.index(kind), hash.slice(0, SHARD_CHARS), hash)
  }
}

// Upper case is encoded too: on a file system which does not tell `A` from `a`, two registrations would share a directory.
function encodeProperty (property: string): string {
  const name = property.replace(/[^a-z0-9_-]/g, char => `%${char.charCodeAt(0).toString(16)}.`)
  if (name !== '' && name.length <= MAX_PROPERTY_CHARS) return name
  return `%${createHash('sha256').update(property).digest('hex')}`
}
