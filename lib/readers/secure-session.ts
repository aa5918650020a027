import type { Duration, Instant, SessionReader } from '../../types/index.d.ts'
import { InvalidOptionsError } from '../errors.ts'
import { unexpected } from '../tools/check-options.ts'
import { durationOf } from '../tools/option-duration.ts'
import { textsOf } from './cookie-texts.ts'
import { dataIn } from './data.ts'
import { anything, duration, readerCheck, type ReaderOptions } from './options.ts'
import { peer } from './peer.ts'
import { firstOf, type Outcome, readerOf, rejected } from './reader.ts'
import { deriveKey, KEY_BYTES } from './secure-session-key.ts'
import { bytesIn } from '../crypto/signatures.ts'

type Key = string | Uint8Array

export interface SecureSessionOptions extends ReaderOptions {
  /** The library's `key`: 32 bytes, or base64 of them, or several of these, which are all tried. */
  key?: Key | readonly Key[]
  /** The library's `secret`, where there is no `key`. The key is derived at the call, with the package `sodium-native`. */
  secret?: Key
  /** The library's `salt`: 16 bytes. @default that of the library */
  salt?: string | Uint8Array
  /** The library's `expiry`. @default 86401 */
  expiry?: Duration
}

/** The part of @noble/ciphers that is used. */
interface Salsa {
  xsalsa20poly1305 (key: Uint8Array, nonce: Uint8Array): { decrypt (box: Uint8Array): Uint8Array }
}

const READER = 'fromSecureSession'
const check = readerCheck(READER, { key: anything, secret: anything, salt: anything, expiry: duration })
const INSTALL = `${READER} needs the package \`@noble/ciphers\`: npm install @noble/ciphers`
/** The box, the nonce, and the signature by @fastify/cookie where `cookie.signed` is on: the box proves itself. */
const TEXT = /^([A-Za-z0-9+/]+={0,2});([A-Za-z0-9+/]{32})(?:\.[A-Za-z0-9+/]+=?)?$/

/**
 * Reads the sessions of @fastify/secure-session. Needs the package `@noble/ciphers`.
 *
 *     migrateFrom: [fromSecureSession({ key: readFileSync('secret-key') })]
 *
 * @throws InvalidOptionsError
 */
export function fromSecureSession (options: SecureSessionOptions): SessionReader {
  check(options)
  const { cookieName = 'session', expiry = 86_401 } = options
  const expiryMs = durationOf(`${READER}.expiry`, expiry)
  const keys = keysOf(options)
  const { xsalsa20poly1305 } = peer<Salsa>('@noble/ciphers/salsa.js', INSTALL)

  function open (box: Buffer, nonce: Buffer): string | null {
    for (const key of keys) {
      try {
        return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(box)).toString()
      } catch {
        // Sealed by a different key.
      }
    }
    return null
  }

  function readText (text: string, now: Instant): Outcome {
    const match = TEXT.exec(text)
    const box = match && bytesIn(match[1]!)
    if (!box) return rejected('malformed')
    const json = open(box, Buffer.from(match[2]!, 'base64'))
    return json === null ? rejected('forged') : sessionOf(json, `${match[1]};${match[2]}`, expiryMs, now)
  }

  return readerOf({
    name: '@fastify/secure-session', cookieName, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readText(text, now))
  }, options)
}

function sessionOf (json: string, secret: string, expiryMs: number, now: Instant): Outcome {
  const { __ts: writtenAt, ...data } = dataIn(json) ?? {}
  if (typeof writtenAt !== 'number') return rejected('corrupt')
  const expiresAt = writtenAt * 1_000 + expiryMs
  return expiresAt > now ? { data, expiresAt, secret } : rejected('expired')
}

function keysOf ({ key, secret, salt }: SecureSessionOptions): Uint8Array[] {
  // As in the library, which goes by the key where there are both.
  if (key !== undefined) return [key].flat().map(keyOf)
  if (secret !== undefined) return [deriveKey(secret, salt)]
  throw new InvalidOptionsError(`${READER} needs \`key\`, or \`secret\` and \`salt\`: those of @fastify/secure-session`)
}

function keyOf (key: unknown): Uint8Array {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key instanceof Uint8Array ? Buffer.from(key) : null
  if (bytes?.length === KEY_BYTES) return bytes
  throw unexpected(`${READER}.key`, `a key of ${KEY_BYTES} bytes, as a Buffer or in base64, or several in an array`, key)
}
