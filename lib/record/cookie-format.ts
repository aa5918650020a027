import { SessionTooLargeError } from '../errors.ts'
import type { SessionPolicy, SessionRecord } from '../../types/index.d.ts'

const ID_CHARS = 22
const NUMBER_BYTES = 6
const MAX_NUMBER = 2 ** 48 - 1
const MAX_META_BYTES = 65_535

/** The byte at which each field begins (docs/wire-format.md, "The content of a cookie"). The payload follows `meta`. */
const AT = {
  id: 0,
  version: 22,
  createdAt: 28,
  lastAccessedAt: 34,
  expiresAt: 40,
  schemaVersion: 46,
  metaBytes: 50,
  meta: 52
} as const

/**
 * A record as the content of a cookie: numbers big-endian, instants in milliseconds, then the JSON of
 * `[subject, policy]` (nothing when both are null), then the payload's text.
 *
 * @throws SessionTooLargeError when subject and policy take more than 65,535 bytes
 */
export function encodeRecord (record: SessionRecord): Buffer {
  const { subject, policy, data } = record
  const meta = subject === null && policy === null ? '' : JSON.stringify([subject, policy])
  const metaBytes = Buffer.byteLength(meta)
  if (metaBytes > MAX_META_BYTES) throw new SessionTooLargeError(metaBytes, MAX_META_BYTES, [['subject', metaBytes]])
  const bytes = Buffer.allocUnsafe(AT.meta + metaBytes + Buffer.byteLength(data))
  bytes.write(record.id, AT.id, ID_CHARS, 'latin1')
  bytes.writeUIntBE(record.version, AT.version, NUMBER_BYTES)
  bytes.writeUIntBE(record.createdAt, AT.createdAt, NUMBER_BYTES)
  bytes.writeUIntBE(record.lastAccessedAt, AT.lastAccessedAt, NUMBER_BYTES)
  bytes.writeUIntBE(Math.min(record.expiresAt, MAX_NUMBER), AT.expiresAt, NUMBER_BYTES)
  bytes.writeUInt32BE(record.schemaVersion, AT.schemaVersion)
  bytes.writeUInt16BE(metaBytes, AT.metaBytes)
  bytes.write(meta, AT.meta, 'utf8')
  bytes.write(data, AT.meta + metaBytes, 'utf8')
  return bytes
}

/**
 * The record in the content of a cookie; `null` when the content is too short to be a record. Only for content that has
 * been authenticated: nothing else of the fields is checked.
 */
export function decodeRecord (bytes: Buffer): SessionRecord | null {
  if (bytes.length < AT.meta) return null
  const metaEnd = AT.meta + bytes.readUInt16BE(AT.metaBytes)
  if (metaEnd > bytes.length) return null
  const meta = bytes.toString('utf8', AT.meta, metaEnd)
  const [subject, policy] = meta === '' ? [null, null] : JSON.parse(meta) as [string | null, SessionPolicy | null]
  return {
    id: bytes.toString('latin1', AT.id, ID_CHARS),
    version: bytes.readUIntBE(AT.version, NUMBER_BYTES),
    createdAt: bytes.readUIntBE(AT.createdAt, NUMBER_BYTES),
    lastAccessedAt: bytes.readUIntBE(AT.lastAccessedAt, NUMBER_BYTES),
    expiresAt: bytes.readUIntBE(AT.expiresAt, NUMBER_BYTES),
    schemaVersion: bytes.readUInt32BE(AT.schemaVersion),
    subject,
    policy,
    data: bytes.toString('utf8', metaEnd)
  }
}
