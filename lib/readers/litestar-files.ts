import type { Instant } from '../../types/index.d.ts'
import { dataIn } from './data.ts'

/** What a file store of Litestar or Starlite keeps in a file. */
interface File {
  readonly expiresAt: Instant | null
  /** JSON. */
  readonly data: string
}

/** The starts of msgpack's map `{ expires_at, data }`, and of its second member. */
const EXPIRES_AT = Buffer.from('\x82\xAAexpires_at', 'latin1')
const DATA = Buffer.from('\xA4data', 'latin1')
/** How many bytes the length of a binary has, by its type. */
const BINARY: Readonly<Record<number, number>> = { 0xC4: 1, 0xC5: 2, 0xC6: 4 }
/** An instant of Python without a time zone, which Starlite means as UTC. */
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?$/

/** `null` for a file of a different layout. Litestar writes msgpack, Starlite JSON. */
export function fileIn (bytes: Buffer): File | null {
  return bytes[0] === EXPIRES_AT[0] ? litestarFile(bytes) : starliteFile(bytes.toString())
}

function starliteFile (text: string): File | null {
  const { expires, data } = dataIn(text) ?? {}
  if (typeof expires !== 'string' || !WITHOUT_ZONE.test(expires) || typeof data !== 'string') return null
  const expiresAt = Date.parse(`${expires}Z`)
  return Number.isNaN(expiresAt) ? null : { expiresAt, data }
}

function litestarFile (bytes: Buffer): File | null {
  try {
    if (!bytes.subarray(0, EXPIRES_AT.length).equals(EXPIRES_AT)) return null
    const { value: expiresAt, end } = instantAt(bytes, EXPIRES_AT.length)
    const start = end + DATA.length
    return bytes.subarray(end, start).equals(DATA) ? { expiresAt, data: bytes.subarray(binaryAt(bytes, start)).toString() } : null
  } catch {
    // The file is cut off, or has a different type somewhere.
    return null
  }
}

/** Nil, or the extension -1: seconds; nanoseconds in 30 bits and seconds in 34; or both apart. */
function instantAt (bytes: Buffer, at: number): { value: Instant | null, end: number } {
  const seconds = at + 2
  switch (bytes.toString('hex', at, seconds)) {
    case 'd6ff': return { value: bytes.readUInt32BE(seconds) * 1_000, end: seconds + 4 }
    case 'd7ff': {
      const both = bytes.readBigUInt64BE(seconds)
      return { value: Number(both & 0x3FFFFFFFFn) * 1_000 + Math.floor(Number(both >> 34n) / 1_000_000), end: seconds + 8 }
    }
  }
  if (bytes[at] !== 0xC0) throw new RangeError('no instant')
  return { value: null, end: at + 1 }
}

/** Where the bytes of a binary begin, which are the rest of the file. */
function binaryAt (bytes: Buffer, at: number): number {
  const lengthBytes = BINARY[bytes.readUInt8(at)] ?? 0
  const start = at + 1 + lengthBytes
  if (start + bytes.readUIntBE(at + 1, lengthBytes) !== bytes.length) throw new RangeError('cut off')
  return start
}
