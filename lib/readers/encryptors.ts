import { type CipherGCMTypes, createDecipheriv, createHmac } from 'node:crypto'
import type { Instant } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'
import { bytesOf } from './options.ts'
import { isSignedBy } from '../crypto/signatures.ts'
import { isFuture } from './timestamp-signer.ts'

/** Decrypts what a library has encrypted; `null` for what is not authentic. */
export type Open = (bytes: Buffer, now: Instant) => Buffer | null

const NONCE_BYTES = 12
const TAG_BYTES = 16
const GCM_KEYS: readonly number[] = [16, 24, 32]
const FERNET_KEY_BYTES = 32
const FERNET_VERSION = 0x80
/** Version, time and vector; one block; signature. */
const FERNET_HEAD_BYTES = 25
const FERNET_MAC_BYTES = 32
const FERNET_MIN_BYTES = FERNET_HEAD_BYTES + 16 + FERNET_MAC_BYTES

/** @throws InvalidOptionsError */
export function gcmKey (path: string, key: unknown): Buffer {
  const bytes = bytesOf(key)
  if (bytes !== null && GCM_KEYS.includes(bytes.length)) return bytes
  throw unexpected(path, 'a key of 16, 24 or 32 bytes, as a Buffer or a string', key)
}

/** AES-GCM as libraries for Python use it: nonce, ciphertext, tag. `null` for what is not authentic. */
export function openGcm (key: Buffer, bytes: Buffer, aad?: Buffer): Buffer | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null
  const algorithm = `aes-${key.length * 8}-gcm` as CipherGCMTypes
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  if (aad !== undefined) decipher.setAAD(aad)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  return finished(decipher, bytes.subarray(NONCE_BYTES, -TAG_BYTES))
}

/**
 * Fernet of the package cryptography. A token from the future is not authentic: nobody knows how long it may be used.
 *
 * @param key base64 of 32 bytes, as `Fernet.generate_key()` writes it, or the bytes
 * @throws InvalidOptionsError
 */
export function fernet (path: string, key: unknown): Open {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64url') : bytesOf(key)
  if (bytes?.length !== FERNET_KEY_BYTES) throw unexpected(path, 'a key of Fernet: base64 of 32 bytes', key)
  const [signing, encryption] = [bytes.subarray(0, 16), bytes.subarray(16)]
  return (text, now) => openFernet(Buffer.from(text.toString('latin1'), 'base64url'), signing, encryption, now)
}

function openFernet (token: Buffer, signing: Buffer, encryption: Buffer, now: Instant): Buffer | null {
  if (token.length < FERNET_MIN_BYTES || token[0] !== FERNET_VERSION) return null
  const signed = token.subarray(0, -FERNET_MAC_BYTES)
  const mac = token.subarray(-FERNET_MAC_BYTES).toString('base64')
  if (!isSignedBy([signing], mac, key => createHmac('sha256', key).update(signed).digest('base64'))) return null
  if (isFuture(Number(token.readBigUInt64BE(1)) * 1_000, now)) return null
  const decipher = createDecipheriv('aes-128-cbc', encryption, token.subarray(9, FERNET_HEAD_BYTES))
  return finished(decipher, signed.subarray(FERNET_HEAD_BYTES))
}

/** What a decipher makes of a ciphertext; `null` where it refuses. */
function finished (decipher: ReturnType<typeof createDecipheriv>, ciphertext: Buffer): Buffer | null {
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    return null
  }
}
