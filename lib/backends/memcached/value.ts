import { crc32 } from 'node:zlib'
import type { SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { decodeRecord, encodeRecord } from '../../record/record-text.ts'

/**
 * A stored value is a line with the id, the generation, the length and a checksum, and then the text of the record:
 *
 *     fs1 <id> <generation> <bytes> <crc32>\n<record>
 *
 * Numbers are base 36. The line proves that a value belongs to its id: when a client mixes up two answers, no user gets a
 * stranger's session.
 */
const HEADER = /^fs1 (\S{1,250}) ([0-9a-z]{1,10}) ([0-9a-z]{1,7}) ([0-9a-z]{1,7})$/
const NEWER = /^fs[2-9] /
const MAX_HEADER_CHARS = 300
const LINE_BREAK = 0x0a

export interface Value {
  readonly generation: string
  readonly record: SessionRecord
}

export function encodeValue ({ generation, record }: Value): Buffer {
  const body = Buffer.from(encodeRecord(record), 'utf8')
  const start = `fs1 ${record.id} ${generation} ${body.length.toString(36)} `
  return Buffer.concat([Buffer.from(`${start}${checksum(start, body)}\n`, 'latin1'), body])
}

/**
 * The record and the generation of a value; `null` for a value which is no whole record of this id.
 *
 * @throws BackendUnavailableError for a value written by a newer version of this library
 */
export function decodeValue (id: string, value: Buffer): Value | null {
  const end = value.subarray(0, MAX_HEADER_CHARS).indexOf(LINE_BREAK)
  const line = value.toString('latin1', 0, Math.max(end, 0))
  const header = HEADER.exec(line)
  if (header === null) {
    if (!NEWER.test(line)) return null
    throw new BackendUnavailableError('The session was stored by a newer version of fastsessions; deploy that version everywhere')
  }
  const [, owner, generation, bytes, sum] = header
  const body = value.subarray(end + 1)
  if (owner !== id || Number.parseInt(bytes!, 36) !== body.length) return null
  if (checksum(line.slice(0, -sum!.length), body) !== sum) return null
  const record = decodeRecord(id, body.toString('utf8'))
  return record === null ? null : { generation: generation!, record }
}

function checksum (start: string, body: Buffer): string {
  return crc32(body, crc32(start)).toString(36)
}
