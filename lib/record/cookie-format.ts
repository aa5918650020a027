import type { SessionMeta, SessionPolicy, SessionRecord } from '../../types/index.d.ts'
import { freezeRecord } from './record.ts'

const ID_CHARS = 22
const NUMBER_BYTES = 6
const MAX_NUMBER = 2 ** 48 - 1

/** The byte at which each field begins (docs/wire-format.md, "The content of a cookie"). The payload follows `more`. */
const AT = {
  id: 0,
  version: 22,
  createdAt: 28,
  lastAccessedAt: 34,
  expiresAt: 40,
  schemaVersion: 46,
  moreBytes: 50,
  more: 52
} as const

/**
 * A record as the content of a cookie: numbers big-endian, instants in milliseconds, then the JSON of
 * `[subject, policy, meta]` (nothing when all are null), then the payload's text. A subject has 255 bytes at most and `meta` 2 kB,
 * so that two bytes count them.
 */
export function encodeRecord (record: SessionRecord): Buffer {
  const { subject, policy, meta, data } = record
  const more = subject === null && policy === null && meta === null ? '' : JSON.stringify([subject, policy, meta])
  const moreBytes = Buffer.byteLength(more)
  const bytes = Buffer.allocUnsafe(AT.more + moreBytes + Buffer.byteLength(data))
  bytes.write(record.id, AT.id, ID_CHARS, 'latin1')
  bytes.writeUIntBE(record.version, AT.version, NUMBER_BYTES)
  bytes.writeUIntBE(record.createdAt, AT.createdAt, NUMBER_BYTES)
  bytes.writeUIntBE(record.lastAccessedAt, AT.lastAccessedAt, NUMBER_BYTES)
  bytes.writeUIntBE(Math.min(record.expiresAt, MAX_NUMBER), AT.expiresAt, NUMBER_BYTES)
  bytes.writeUInt32BE(record.schemaVersion, AT.schemaVersion)
  bytes.writeUInt16BE(moreBytes, AT.moreBytes)
  bytes.write(more, AT.more, 'utf8')
  bytes.write(data, AT.more + moreBytes, 'utf8')
  return bytes
}

type More = [subject: string | null, policy: SessionPolicy | null, meta?: SessionMeta | null]

// Cookies of 0.1.0 have no third member.
function parseMore (more: string): More { return more === '' ? [null, null] : JSON.parse(more) as More }

/**
 * The record in the content of a cookie; `null` when the content is too short to be a record. Only for content that has
 * been authenticated: nothing else of the fields is checked.
 */
export function decodeRecord (bytes: Buffer): SessionRecord | null {
  if (bytes.length < AT.more) return null
  const moreEnd = AT.more + bytes.readUInt16BE(AT.moreBytes)
  if (moreEnd > bytes.length) return null
  const more = bytes.toString('utf8', AT.more, moreEnd)
  const [subject, policy, meta = null] = parseMore(more)
  return {
    id: bytes.toString('latin1', AT.id, ID_CHARS),
    version: bytes.readUIntBE(AT.version, NUMBER_BYTES),
    createdAt: bytes.readUIntBE(AT.createdAt, NUMBER_BYTES),
    lastAccessedAt: bytes.readUIntBE(AT.lastAccessedAt, NUMBER_BYTES),
    expiresAt: bytes.readUIntBE(AT.expiresAt, NUMBER_BYTES),
    schemaVersion: bytes.readUInt32BE(AT.schemaVersion),
    subject,
    policy,
    meta,
    data: bytes.toString('utf8', moreEnd)
  }
}

/** What reading the content of a record comes to. */
export function asDecoded (record: SessionRecord, content: Buffer): SessionRecord {
  const { subject, policy, meta, expiresAt } = record
  const isSame = subject === null && policy === null && meta === null && expiresAt <= MAX_NUMBER && Object.isFrozen(record)
  return isSame ? record : freezeRecord(decodeRecord(content)!)
}
