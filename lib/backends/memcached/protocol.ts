import { BackendUnavailableError } from '../../errors.ts'

/** The commands of the binary protocol that are sent. */
export const Opcode = { SET: 0x01, ADD: 0x02, DELETE: 0x04, GETK: 0x0c } as const

/** What servers answer. */
export const Status = { OK: 0, NOT_FOUND: 1, EXISTS: 2, TOO_LARGE: 3 } as const

/** memjs' parsed answer. */
export interface Answer {
  readonly header: { readonly magic: number, readonly opcode: number, readonly status: number, readonly opaque: number, readonly cas: Buffer }
  readonly key: Buffer
  readonly val: Buffer
}

export interface Request {
  readonly opcode: number
  readonly key: string
  /** Only of SET and ADD. */
  readonly value?: Buffer
  /** Seconds, as `expirationOf` makes them; only of SET and ADD. */
  readonly expiration?: number
  /** Do it only to the item with this unique; 0n for whatever is there. */
  readonly cas?: bigint
}

const REQUEST_MAGIC = 0x80
const ANSWER_MAGIC = 0x81
const HEADER_BYTES = 24
/** Flags, which stay 0, and the expiration. */
const EXTRAS_BYTES = 8

const SECOND_MS = 1_000
/** Beyond this, servers take an expiration for a point in time. */
const MAX_RELATIVE_SECONDS = 2_592_000
/** How far a server's clock may be ahead of ours where a point in time is sent. The deadline inside the record is exact. */
const CLOCK_SLACK_SECONDS = 3_600
/** Servers keep a point in time as a signed integer of 32 bits. */
const MAX_INSTANT_SECONDS = 2_147_483_647
const NEVER = 0

/** A request as bytes. `opaque` comes back with the answer. */
export function encodeRequest ({ opcode, key, value, expiration = NEVER, cas = 0n }: Request, opaque: number): Buffer {
  const extrasBytes = value === undefined ? 0 : EXTRAS_BYTES
  // Keys are visible ASCII.
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

/** Whether an answer is one to this request. Only GETK has the key in its answer, found or not. */
export function isAnswerTo ({ opcode, key }: Request, { header, key: answered }: Answer): boolean {
  if (header.magic !== ANSWER_MAGIC || header.opcode !== opcode) return false
  const isLookUp = opcode === Opcode.GETK && header.status <= Status.NOT_FOUND
  return !isLookUp || answered.toString('latin1') === key
}

/** The unique of the item that was found or stored. A copy: the answer's buffer may hold many others. */
export function casOf ({ header }: Answer): bigint {
  return header.cas.readBigUInt64BE(0)
}

/**
 * What to send so that an item lives at least `lifeMs` more. Servers count in whole seconds of a clock of their own, so an
 * item told to live one second may be gone after some milliseconds: one second is added.
 *
 * @returns seconds from now up to 30 days, else seconds since the epoch, or 0 for never (beyond 2038)
 */
export function expirationOf (lifeMs: number): number {
  const seconds = Math.ceil(lifeMs / SECOND_MS) + 1
  if (seconds <= MAX_RELATIVE_SECONDS) return seconds
  const instant = Math.ceil(Date.now() / SECOND_MS) + seconds + CLOCK_SLACK_SECONDS
  return instant <= MAX_INSTANT_SECONDS ? instant : NEVER
}

/** An answer that says neither yes nor no, such as "out of memory". */
export function refusal ({ header: { status } }: Answer): BackendUnavailableError {
  return new BackendUnavailableError(`Memcached refused the command with status 0x${status.toString(16).padStart(2, '0')}`)
}
