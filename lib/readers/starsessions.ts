import type { Duration, Instant, SessionReader } from '../../types/index.d.ts'
import { signerKeys } from '../crypto/itsdangerous.ts'
import { InvalidOptionsError } from '../errors.ts'
import { toMilliseconds } from '../tools/duration.ts'
import { textsOf } from './cookie-texts.ts'
import { dataIn, type Data, isData } from './data.ts'
import { fernet, gcmKey, type Open, openGcm } from './encryptors.ts'
import { assertStore, type KeyValueStore, removal, valueAt } from './key-value-store.ts'
import { anything, duration, maxAgeOf, readerCheck, type ReaderOptions, type Secrets, secretsOf } from './options.ts'
import { firstOf, type Outcome, readerOf, rejected } from './reader.ts'
import { unsign } from './timestamp-signer.ts'

export interface StarsessionsOptions extends ReaderOptions {
  /** The `secret_key` of its `CookieStore` or `CookieBackend`: all of a list are tried. Either `secret` or `store`. */
  secret?: Secrets
  /** Where its sessions are, unless they are in their cookies. */
  store?: KeyValueStore
  /** What stands before the ids in the store. @default 'starsessions.'; starsessions 1 has none */
  prefix?: string
  /** Its `encryptor`. @default 'none' */
  encryption?: 'none' | 'fernet' | 'aes-gcm'
  /** The key of the encryptor: of Fernet as its text, of AES-GCM 16, 24 or 32 bytes. */
  key?: string | Uint8Array
  /** Its `lifetime` (`max_age` in starsessions 1). @default what the session says, or how long the library keeps one that says nothing */
  maxAge?: Duration
  /** Its `rolling`. @default false */
  rolling?: boolean
}

const READER = 'fromStarsessions'
const check = readerCheck(READER, {
  secret: anything,
  store: anything,
  prefix: { description: 'a string', type: 'string' },
  encryption: { description: '\'none\', \'fernet\' or \'aes-gcm\'', enum: ['none', 'fernet', 'aes-gcm'] },
  key: anything,
  maxAge: duration,
  rolling: { description: 'a boolean', type: 'boolean' }
})
/** An id of starsessions 2 or 1. */
const ID = /^(?:[0-9a-f]{32}|[0-9a-f]{256})$/
/** How long starsessions 2 takes a signature where `lifetime` is 0. */
const UNLIMITED_MS = toMilliseconds('360d')!
const VERSION_1_MS = toMilliseconds('14d')!
/** Its `gc_ttl`: how long its store keeps a session that lasts as long as the browser. */
const KEPT_MS = toMilliseconds('30d')!

interface Lifetime {
  readonly maxAgeMs: number | undefined
  readonly rolling: boolean
}

/**
 * Reads the sessions of starsessions 1 and 2, in their cookie (signed by itsdangerous) or in a store: JSON, plain or encrypted.
 *
 *     migrateFrom: [fromStarsessions({ store: redis })]
 *
 * @throws InvalidOptionsError
 */
export function fromStarsessions (options: StarsessionsOptions): SessionReader {
  check(options)
  const { cookieName = 'session', secret, store, prefix = 'starsessions.', rolling = false } = options
  const open = openerOf(options)
  const lifetime: Lifetime = { maxAgeMs: maxAgeOf(READER, options.maxAge), rolling }
  const format = { name: 'starsessions', cookieName }
  if ((secret === undefined) === (store === undefined)) {
    throw new InvalidOptionsError(`${READER} needs \`secret\` where sessions are in their cookies, or \`store\` where they are not`)
  }
  if (store !== undefined) {
    assertStore(READER, store)
    const readId = (id: string, now: Instant) => ID.test(id) ? readRecord(store, prefix, id, open, lifetime, now) : rejected('malformed')
    return readerOf({ ...format, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readId(text, now)) }, options)
  }
  const keys = signerKeys(secretsOf(`${READER}.secret`, secret))
  const readText = (text: string, now: Instant) => readCookie(text, keys, open, lifetime, now)
  return readerOf({ ...format, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readText(text, now)) }, options)
}

function openerOf ({ encryption = 'none', key }: StarsessionsOptions): Open {
  if (encryption === 'fernet') return fernet(`${READER}.key`, key)
  if (encryption === 'none') {
    if (key === undefined) return bytes => bytes
    throw new InvalidOptionsError(`\`${READER}.key\` is for \`encryption\`: say 'fernet' or 'aes-gcm'`)
  }
  const bytesOfKey = gcmKey(`${READER}.key`, key)
  return bytes => openGcm(bytesOfKey, bytes)
}

function readCookie (text: string, keys: readonly Buffer[], open: Open, lifetime: Lifetime, now: Instant): Outcome {
  const signed = unsign(text, keys, now)
  if ('rejected' in signed) return signed
  const session = sessionIn(open(signed.body, now))
  if ('rejected' in session) return session
  const { data, metadata } = session
  const lifetimeMs = lifetime.maxAgeMs ?? lifetimeOf(metadata)
  const signatureMs = signed.signedAt + (lifetimeMs ?? (metadata === null ? VERSION_1_MS : UNLIMITED_MS))
  const expiresAt = Math.min(signatureMs, endOf(metadata, lifetimeMs, lifetime.rolling) ?? Infinity)
  return expiresAt > now ? { data, expiresAt, secret: text } : rejected('expired')
}

async function readRecord (
  store: KeyValueStore, prefix: string, id: string, open: Open, { maxAgeMs, rolling }: Lifetime, now: Instant
): Promise<Outcome> {
  const key = prefix + id
  const value = await valueAt(store, key, id)
  if ('rejected' in value) return value
  const session = sessionIn(open(value, now))
  if ('rejected' in session) return session
  const { data, metadata } = session
  const lifetimeMs = maxAgeMs ?? lifetimeOf(metadata)
  const expiresAt = endOf(metadata, lifetimeMs, rolling) ?? now + (lifetimeMs ?? KEPT_MS)
  if (expiresAt <= now) return rejected('expired')
  return { data, expiresAt, secret: id, ...removal(store, key) }
}

/** The data and what starsessions 2 keeps beside them. */
function sessionIn (bytes: Buffer | null): { data: Data, metadata: Data | null } | ReturnType<typeof rejected> {
  if (bytes === null) return rejected('forged')
  const session = dataIn(bytes.toString())
  if (session === null) return rejected('corrupt')
  const { __metadata__: metadata = null, ...data } = session
  return metadata === null || isData(metadata) ? { data, metadata } : rejected('corrupt')
}

/** `null` for a session that lasts as long as the browser. */
function lifetimeOf (metadata: Data | null): number | null {
  const seconds = metadata?.['lifetime']
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : null
}

/** When a session ends; `null` where it does not say so. */
function endOf (metadata: Data | null, lifetimeMs: number | null, rolling: boolean): Instant | null {
  const start = metadata?.[rolling ? 'last_access' : 'created']
  return typeof start === 'number' && lifetimeMs !== null ? Math.floor(start * 1_000 + lifetimeMs) : null
}
