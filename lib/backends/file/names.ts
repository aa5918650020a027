import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { randomVersion } from '../../crypto/random.ts'
import { deadlinesText, versionText } from '../../record/record-text.ts'

const POINTER = /^(cur|end)\.([0-9a-z]{10})\.([0-9a-z]{9})\.([0-9a-z]{9})\.([0-9a-z]{1,10})\.([0-9a-z]{1,6})$/
const SHARDS = 256
const SHARD_CHARS = 2
/** The longest name of most file systems is 255 bytes. */
const MAX_PROPERTY_CHARS = 100
const TRASH = '~'

/** Of directories that a session is prepared in. */
export const NEW = '.new-'
/** Of directories that are being deleted, and are nobody's any more. */
export const OLD = '.old-'

/**
 * What the name of a session's pointer says. Whatever decides between two writers is in the name, since a rename is the
 * only compare-and-set that file systems have: it fails once the name is another one.
 */
export interface Pointer {
  readonly name: string
  readonly version: number
  readonly expiresAt: Instant
  readonly lastAccessedAt: Instant
  readonly isTombstone: boolean
  readonly dataName: string
  /** Of the data file: one that was cut off by a power failure is noticed. */
  readonly bytes: number
}

/** Tells two writes apart, even two tries of one write: each has a data file of its own. */
export function newAttempt (): string { return randomVersion().toString(36) }

export function dataName (attempt: string): string { return `d.${attempt}` }

export function pointerName (record: SessionRecord, attempt: string, bytes: number): string {
  const deadlines = deadlinesText(record).replace(' ', '.')
  return `${record.data === '' ? 'end' : 'cur'}.${versionText(record.version)}.${deadlines}.${attempt}.${bytes.toString(36)}`
}

/** The name of a pointer after renewal: all of it stays but the deadlines. */
export function renewedName ({ name }: Pointer, record: SessionRecord): string {
  const [kind, version, , , attempt, bytes] = name.split('.')
  return [kind, version, ...deadlinesText(record).split(' '), attempt, bytes].join('.')
}

/** `null` when it is no pointer. */
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

/** Where the sessions of one registration lie. */
export class Places {
  readonly directory: string
  /** All of a registration lies in here: renaming it away ends all its sessions at once. */
  readonly root: string
  readonly subjects: string
  /** The names of the directories that sessions are spread over, `00` to `ff`. */
  readonly shards: readonly string[] = Array.from({ length: SHARDS }, (_, n) => n.toString(16).padStart(SHARD_CHARS, '0'))

  constructor (directory: string, property: string) {
    this.directory = directory
    this.root = join(directory, encodeProperty(property))
    this.subjects = join(this.root, 'subjects')
  }

  shard (id: string): string { return join(this.root, id.slice(0, SHARD_CHARS)) }
  session (id: string): string { return join(this.shard(id), id) }
  preparation (id: string): string { return join(this.shard(id), NEW + newAttempt()) }
  trash (): string { return join(this.directory, TRASH + newAttempt()) }

  subject (subject: string): string {
    const hash = createHash('sha256').update(subject).digest('hex')
    return join(this.subjects, hash.slice(0, SHARD_CHARS), hash)
  }
}

// Upper case is encoded too: some file systems take `A` for `a`.
function encodeProperty (property: string): string {
  const name = property.replace(/[^a-z0-9_-]/g, char => `%${char.charCodeAt(0).toString(16)}.`)
  if (name !== '' && name.length <= MAX_PROPERTY_CHARS) return name
  return `%${createHash('sha256').update(property).digest('hex')}`
}
