import type { ForeignRejection, Instant } from '../../types/index.d.ts'
import { signatureBy } from '../crypto/itsdangerous.ts'
import { isSignedBy } from '../crypto/signatures.ts'
import { rejected } from './reader.ts'

/** What a cookie of itsdangerous holds. */
interface Signed {
  readonly body: Buffer
  readonly signedAt: Instant
}

/** Body, time and signature: base64 of each, the last two without padding. */
const TEXT = /^([A-Za-z0-9+/]*={0,2})\.([\w-]{2,8})\.([\w-]{27})$/
/** How far the clock of the machine that signed may be ahead. */
const SKEW_MS = 60_000

/** What was signed by `TimestampSigner` of itsdangerous 1.1 or later, by one of the keys. */
export function unsign (text: string, keys: readonly Buffer[], now: Instant): Signed | ForeignRejection {
  const match = TEXT.exec(text)
  if (match === null) return rejected('malformed')
  const [, body, time, signature] = match as unknown as [string, string, string, string]
  if (!isSignedBy(keys, signature, key => signatureBy(key, `${body}.${time}`))) return rejected('forged')
  const signedAt = instantIn(Buffer.from(time, 'base64url'))
  return isFuture(signedAt, now) ? rejected('expired') : { body: Buffer.from(body, 'base64'), signedAt }
}

/** Whether an instant lies ahead by more than clocks differ. Libraries for Python take what was signed in the future for expired. */
export function isFuture (instant: Instant, now: Instant): boolean { return instant > now + SKEW_MS }

function instantIn (seconds: Buffer): Instant { return seconds.readUIntBE(0, seconds.length) * 1_000 }
