import { SessionTooLargeError } from '../errors.ts'
import type { SessionPolicy, SessionRecord } from '../../types/index.d.ts'

// id (22) | version (6) | created (6) | last use (6) | expiry (6) | schema version (4) | length of meta (2)
const ID_CHARS = 22
const FIXED_BYTES = ID_CHARS + 4 * 6 + 4 + 2
const MAX_META_BYTES = 65_535

/**
 * A record as the content of a cookie: numbers big-endian, instants in milliseconds, then the JSON of
 * `[subject, policy]` (nothing when both are null), then the payload's text (docs/wire-format.md).
 */
export function encodeRecord (record: SessionRecord): Buffer {
  const { id, version, createdAt, lastAccessedAt, expiresAt, schemaVersion, subject, policy, data } = record
  const meta = subject === null && policy === null ? '' : JSON.stringify([subject, policy])
  const metaBytes = Buffer.byteLength(meta)
  if (metaBytes > MAX_META_BYTES) throw new SessionTooLargeError(metaBytes, MAX_META_BYTES, [['subject', metaBytes]])
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + metaBytes + Buffer.byteLength(data))
  bytes.write(id, 0, ID_CHARS, 'latin1')
  let at = ID_CHARS
  for (const number of [version, createdAt, lastAccessedAt, Math.min(expiresAt, 2 ** 48 - 1)]) at = bytes.writeUIntBE(number, at, 6)
  at = bytes.writeUInt32BE(schemaVersion, at)
  at = bytes.writeUInt16BE(metaBytes, at)
  at += bytes.write(meta, at, 'utf8')
  bytes.write(data, at, 'utf8')
  return bytes
}

/** Reads what `encodeRecord` wrote; only called with authenticated bytes. `null` when they are too short to be that. */
export function decodeRecord (bytes: Buffer): SessionRecord | null {
  if (bytes.length < FIXED_BYTES) return null
  let at = ID_CHARS
  const [version, createdAt, lastAccessedAt, expiresAt] = [0, 6, 12, 18].map(offset => bytes.readUIntBE(at + offset, 6)) as [number, number, number, number]
  at += 24
  const schemaVersion = bytes.readUInt32BE(at)
  const dataAt = FIXED_BYTES + bytes.readUInt16BE(at + 4)
  if (dataAt > bytes.length) return null
  const meta = bytes.toString('utf8', FIXED_BYTES, dataAt)
  const [subject, policy] = meta === '' ? [null, null] : JSON.parse(meta) as [string | null, SessionPolicy | null]
  return {
    id: bytes.toString('latin1', 0, ID_CHARS),
    version,
    createdAt,
    lastAccessedAt,
    expiresAt,
    schemaVersion,
    subject,
    policy,
    data: bytes.toString('utf8', dataAt)
  }
}
