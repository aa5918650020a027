import { unexpected } from '../tools/check-options.ts'
import { bytesOf } from './options.ts'
import { peer } from './peer.ts'

export const KEY_BYTES = 32
const MIN_SECRET_BYTES = 32
const SALT_BYTES = 16
/** The salt of @fastify/secure-session where the application has none. */
const DEFAULT_SALT = Buffer.from('mq9hDxBVDbspDR6nLfFT1g==', 'base64')

/** The part of sodium-native that is used. */
interface Sodium {
  readonly crypto_pwhash_OPSLIMIT_MODERATE: number
  readonly crypto_pwhash_MEMLIMIT_MODERATE: number
  readonly crypto_pwhash_ALG_DEFAULT: number
  crypto_pwhash (key: Buffer, secret: Buffer, salt: Buffer, operations: number, memory: number, algorithm: number): void
}

const INSTALL = 'fromSecureSession needs the package `sodium-native` to derive the key of a `secret`: npm install sodium-native, ' +
  'or give the `key`'

/**
 * The key which @fastify/secure-session derives from a secret by Argon2id. It takes 256 MiB and some tenths of a second.
 *
 * @throws InvalidOptionsError
 */
export function deriveKey (secret: unknown, salt: unknown = DEFAULT_SALT): Buffer {
  const secretBytes = bytesOf(secret)
  if (secretBytes === null || secretBytes.length < MIN_SECRET_BYTES) {
    throw unexpected('fromSecureSession.secret', `a secret of at least ${MIN_SECRET_BYTES} bytes`, secret)
  }
  // The library takes a string for bytes, a character each.
  const saltBytes = typeof salt === 'string' ? Buffer.from(salt, 'latin1') : bytesOf(salt)
  if (saltBytes?.length !== SALT_BYTES) throw unexpected('fromSecureSession.salt', `a salt of ${SALT_BYTES} bytes`, salt)
  const sodium = peer<Sodium>('sodium-native', INSTALL)
  const key = Buffer.alloc(KEY_BYTES)
  const { crypto_pwhash_OPSLIMIT_MODERATE: operations, crypto_pwhash_MEMLIMIT_MODERATE: memory } = sodium
  sodium.crypto_pwhash(key, secretBytes, saltBytes, operations, memory, sodium.crypto_pwhash_ALG_DEFAULT)
  return key
}
