import { BackendUnavailableError } from '../../errors.ts'

/** The commands of the binary protocol which this backend sends. */
export const Opcode = { SET: 0x01, ADD: 0x02, DELETE: 0x04, GETK: 0x0c } as const

/** The status of an answer. Any other status is a refusal, such as "out of memory". */
export const Status = { OK: 0, NOT_FOUND: 1, EXISTS: 2, TOO_LARGE: 3 } as const

/** An answer as memjs has parsed it. */
export interface Answer {
  readonly header: {
    readonly magic: number
    readonly opcode: number
    readonly status: number
    readonly opaque: number
    readonly cas: Buffer
  }
  readonly key: Buffer
  readonly val: Buffer
}

export interface Request {
  readonly opcode: number
  readonly key: string
  /** For SET and ADD only. */
  readonly value?: Buffer
  /** In seconds, from `expirationOf`; for SET and ADD only. */
  readonly expiration?: number
  /** The CAS unique which the stored item must have; 0n for any item. */
  readonly cas?: bigint
}

const REQUEST_MAGIC = 0x80
const ANSWER_MAGIC = 0x81
const HEADER_BYTES = 24
/** Flags (always 0) and the expiration, 4 bytes each. */
const EXTRAS_BYTES = 8

const SECOND_MS = 1_000
/** 30 days. A server takes a larger expiration for a point in time. */
const MAX_RELATIVE_SECONDS = 2_592_000
/** How far the clock of a server may be ahead where a point in time is sent. The deadline inside the record stays exact. */
const CLOCK_SLACK_SECONDS = 3_600
/** A server keeps a point in time as a signed integer of 32 bits. */
const MAX_INSTANT_SECONDS = 2_147_483_647
const NEVER = 0

/** The bytes of a request. The answer has the same `opaque`. */
export function encodeRequest ({ opcode, key, value, expiration = NEVER, cas = 0n }: Request, opaque: number): Buffer {
  const extrasBytes = value === undefined ? 0 : EXTRAS_BYTES
  // A key is visible ASCII: a character is a byte.
  const keyBytes = key.length
  const bodyBytes = extrasBytes + keyBytes + (value?.length ?? 0)
  const bytes = Buffer.alloc(HEADER_BYTES + bodyBytes)
  bytes.writeUInt8(REQUEST_MAGIC, 0)
  bytes.writeUInt8(opcode, 1)
  bytes.writeUInt16BE(keyBytes, 2)
  bytes.writeUInt8(extrasBytes, 4)
  bytes.writeUInt32BE(bodyBytes, 8)
  bytes.writeUInt32BE(opaque, 12)
  bytes.writeBigUInt64BE(cas, 16)
  if (value !== undefined) {
    bytes.writeUInt32BE(expiration, HEADER_BYTES + 4)
    value.copy(bytes, HEADER_BYTES + EXTRAS_BYTES + keyBytes)
  }
  bytes.write(key, HEADER_BYTES + extrasBytes, 'latin1')
  return bytes
}

/** Whether an answer belongs to this request. Only an answer to GETK contains the key, whether found or not. */
export function isAnswerTo ({ opcode, key }: Request, { header, key: answered }: Answer): boolean {
  if (header.magic !== ANSWER_MAGIC || header.opcode !== opcode) return false
  const isLookUp = opcode === Opcode.GETK && header.status <= Status.NOT_FOUND
  return !isLookUp || answered.toString('latin1') === key
}

/** The CAS unique of the found or stored item. A number, and no view of the answer's buffer, which may hold many answers. */
export function casOf ({ header }: Answer): bigint {
  return header.cas.readBigUInt64BE(0)
}

/**
 * The expiration of an item which lives for at least `lifeMs` more. A server counts whole seconds, so that an item with a
 * life of one second may be gone after a few milliseconds. Therefore a second is added.
 *
 * @returns up to 30 days: seconds from now; above: seconds since the epoch; beyond 2038: 0, for never
 */
export function expirationOf (lifeMs: number): number {
  const seconds = Math.ceil(lifeMs / SECOND_MS) + 1
  if (seconds <= MAX_RELATIVE_SECONDS) return seconds
  const instant = Math.ceil(Date.now() / SECOND_MS) + seconds + CLOCK_SLACK_SECONDS
  return instant <= MAX_INSTANT_SECONDS ? instant : NEVER
}

/** The error for an answer which is neither yes nor no, such as "out of memory". */
export function refusal ({ header: { status } }: Answer): BackendUnavailableError {
  return new BackendUnavailableError(`Memcached refused the command with status 0x${status.toString(16).padStart(2, '0')}`)
}
