import { signatureBy, signerKeys } from '../../crypto/itsdangerous.ts'
import { isSignedBy } from '../../crypto/signatures.ts'

/** `value.timestamp.signature`: the value has no dot, the timestamp up to eight bytes, the signature twenty. */
const SIGNED = /^([A-Za-z0-9+/=]+)\.([A-Za-z0-9_-]{1,11})\.([A-Za-z0-9_-]{27})$/

/** A value, and when it was signed, in whole seconds since the epoch. */
export interface Signed {
  readonly value: string
  readonly seconds: number
}

/** The TimestampSigner of itsdangerous, with its defaults: HMAC-SHA-1 under SHA-1 of salt and secret. */
export interface TimestampSigner {
  sign (value: string, seconds: number): string
  /** `null` for text that none of the secrets has signed. */
  open (text: string): Signed | null
  /** Whether an authentic text was signed with an older secret. */
  isStale (text: string): boolean
}

/** @param secrets the first signs, all of them are tried */
export function timestampSigner (secrets: readonly Buffer[]): TimestampSigner {
  const keys = signerKeys(secrets)
  const isSigned = (by: readonly Buffer[], text: string): boolean => {
    const end = text.lastIndexOf('.')
    return isSignedBy(by, text.slice(end + 1), key => signatureBy(key, text.slice(0, end)))
  }
  return {
    sign (value, seconds) {
      const text = `${value}.${textOf(seconds)}`
      return `${text}.${signatureBy(keys[0]!, text)}`
    },
    open (text) {
      const [, value, timestamp] = SIGNED.exec(text) ?? []
      if (value === undefined || !isSigned(keys, text)) return null
      return { value, seconds: secondsOf(timestamp!) }
    },
    isStale: text => !isSigned(keys.slice(0, 1), text)
  }
}

/** A big-endian integer without leading zeros, as base64url. */
function textOf (seconds: number): string {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(seconds, 0, 6)
  return bytes.subarray(bytes.findIndex(byte => byte !== 0)).toString('base64url')
}

function secondsOf (timestamp: string): number {
  return Number.parseInt(Buffer.from(timestamp, 'base64url').toString('hex'), 16)
}
