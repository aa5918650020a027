import { hash } from 'node:crypto'
import type { SessionRecord } from '../../../types/index.d.ts'
import { ReservedKeyError } from '../../errors.ts'
import { freezeRecord } from '../../record/record.ts'
import { decodeRecord, encodeRecord } from '../../record/record-text.ts'
import { readPythonJson } from './python-json.ts'
import type { Signed } from './signer.ts'

/** The member in which Starlette carries along what a record has beside its data: the id, and the text of the record. */
const MEMBER = '_fastsessions'
const ID_CHARS = 22
const VERSION_DIGITS = 11
const FAR_MS = 400 * 86_400_000

/** The session as the value of a cookie. */
export function valueOf (record: SessionRecord): string {
  const data = JSON.parse(record.data) as Record<string, unknown>
  if (Object.hasOwn(data, MEMBER)) throw new ReservedKeyError(MEMBER, 'cannot be a key of sessions that are shared with Starlette')
  const member = record.id + encodeRecord({ ...record, data: '' })
  return Buffer.from(JSON.stringify({ ...data, [MEMBER]: member })).toString('base64')
}

/**
 * The session of a signed value. What is no object in JSON is a record all the same, with data that nobody can read.
 *
 * @param maxAgeMs how long the value is good from its signing; `Infinity` for ever
 * @throws BackendUnavailableError for a session that JavaScript cannot keep
 */
export function recordOf ({ value, seconds }: Signed, maxAgeMs: number): SessionRecord {
  const signedAt = seconds * 1_000
  // Starlette takes a cookie up to the end of the second.
  const expiresAt = signedAt + Math.min(maxAgeMs, FAR_MS) + 1_000
  const content = Buffer.from(value, 'base64').toString()
  const session = readPythonJson(content)
  if (session === null) return freezeRecord(madeByPython(value, signedAt, expiresAt, `not an object: ${content}`))
  const { [MEMBER]: member, ...members } = session
  const data = JSON.stringify(members)
  const known = typeof member === 'string' ? decodeRecord(member.slice(0, ID_CHARS), member.slice(ID_CHARS)) : null
  if (known === null) return freezeRecord(madeByPython(value, signedAt, expiresAt, data))
  // Our own signature has the second of the last use.
  if (signedAt > known.lastAccessedAt) return freezeRecord({ ...known, data, lastAccessedAt: signedAt, expiresAt })
  return freezeRecord({ ...known, data, expiresAt: Math.min(known.expiresAt, expiresAt) })
}

/** The same cookie has the same id at each request. */
function madeByPython (value: string, signedAt: number, expiresAt: number, data: string): SessionRecord {
  const digest = hash('sha256', `${signedAt} ${value}`, 'buffer')
  return {
    id: digest.toString('base64url').slice(0, ID_CHARS),
    version: 1 + Number.parseInt(digest.toString('hex').slice(-VERSION_DIGITS), 16),
    data,
    schemaVersion: 1,
    createdAt: signedAt,
    lastAccessedAt: signedAt,
    expiresAt,
    subject: null,
    policy: null,
    meta: null
  }
}
