import { createHash } from 'node:crypto'
import type { Duration, ForeignCookies, Instant, SessionReader } from '../../types/index.d.ts'
import { InvalidOptionsError } from '../errors.ts'
import { toMilliseconds } from '../tools/duration.ts'
import { type CookieText, joinedTexts, partNames, textsOf } from './cookie-texts.ts'
import { dataIn } from './data.ts'
import { gcmKey, openGcm } from './encryptors.ts'
import { assertStore, type KeyValueStore, removal, valueAt } from './key-value-store.ts'
import { fileIn } from './litestar-files.ts'
import { anything, duration, maxAgeOf, readerCheck, type ReaderOptions } from './options.ts'
import { firstOf, type Outcome, readerOf, rejected } from './reader.ts'
import { bytesIn } from '../crypto/signatures.ts'

export interface LitestarOptions extends ReaderOptions {
  /** The `secret` of its cookie sessions: 16, 24 or 32 bytes. Either `secret` or `store`. */
  secret?: string | Uint8Array
  /** Where its sessions are, unless they are in their cookies. */
  store?: KeyValueStore
  /** How its store keeps records: as JSON, or in files with their deadlines. @default 'redis' */
  layout?: 'redis' | 'file'
  /** What stands before the ids in the store. @default 'LITESTAR:', for files ''; Starlite has 'STARLITE_SESSION:' */
  prefix?: string
  /** Its `max_age`: how long a session in a store that tells no deadline may live on, from its first use here. @default '14d' */
  maxAge?: Duration
}

const READER = 'fromLitestar'
const check = readerCheck(READER, {
  secret: anything,
  store: anything,
  layout: { description: '\'redis\' or \'file\'', enum: ['redis', 'file'] },
  prefix: { description: 'a string', type: 'string' },
  maxAge: duration
})
const MARK = 'additional_authenticated_data='
/** More do not fit into a header that servers take. */
const MOST_PARTS = 20
const ID = /^[0-9a-f]{32,256}$/
/** The library's own `max_age`. */
const MAX_AGE_MS = toMilliseconds('14d')!

interface Records {
  readonly store: KeyValueStore
  readonly isFile: boolean
  readonly prefix: string
  readonly maxAgeMs: number | undefined
}

/**
 * Reads the sessions of Litestar and of Starlite 1: sealed in their cookies, or in a store.
 *
 *     migrateFrom: [fromLitestar({ secret })]
 *     migrateFrom: [fromLitestar({ store: redis })]
 *     migrateFrom: [fromLitestar({ store: { get: name => readFile(join(folder, name)) }, layout: 'file' })]
 *
 * @throws InvalidOptionsError
 */
export function fromLitestar (options: LitestarOptions): SessionReader {
  check(options)
  const { cookieName = 'session', secret, store, layout } = options
  if ((secret === undefined) === (store === undefined)) {
    throw new InvalidOptionsError(`${READER} needs \`secret\` where sessions are in their cookies, or \`store\` where they are not`)
  }
  const format = { name: 'litestar', cookieName }
  if (store !== undefined) {
    assertStore(READER, store)
    const isFile = layout === 'file'
    const prefix = options.prefix ?? (isFile ? '' : 'LITESTAR:')
    const records: Records = { store, isFile, prefix, maxAgeMs: maxAgeOf(READER, options.maxAge) }
    const readId = (id: string, now: Instant) => ID.test(id) ? readRecord(records, id, now) : rejected('malformed')
    return readerOf({ ...format, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readId(text, now)) }, options)
  }
  const key = gcmKey(`${READER}.secret`, secret)
  const stem = `${cookieName}-`
  return readerOf({
    ...format,
    ownNames: names => [...names.filter(name => name === cookieName), ...partNames(names, stem)],
    read: (cookies, now) => firstOf(sealsIn(cookies, cookieName, stem), text => unseal(text, key, now))
  }, options)
}

function sealsIn (cookies: ForeignCookies, cookieName: string, stem: string): CookieText[] {
  return [...textsOf(cookies, cookieName), ...joinedTexts(cookies, stem, MOST_PARTS)]
}

function unseal (text: string, key: Buffer, now: Instant): Outcome {
  const bytes = bytesIn(text)
  // The last one: the ciphertext before may hold anything.
  const end = bytes?.lastIndexOf(MARK) ?? -1
  if (bytes === null || end === -1) return rejected('malformed')
  const aad = bytes.subarray(end + MARK.length)
  const json = openGcm(key, bytes.subarray(0, end), aad)
  if (json === null) return rejected('forged')
  const data = dataIn(json.toString())
  const seconds = dataIn(aad.toString())?.['expires_at']
  if (data === null || typeof seconds !== 'number') return rejected('corrupt')
  const expiresAt = seconds * 1_000
  return expiresAt > now ? { data, expiresAt, secret: text } : rejected('expired')
}

async function readRecord (records: Records, id: string, now: Instant): Promise<Outcome> {
  if (!records.isFile) return await readAt(records, id, id, now)
  const outcome = await readAt(records, createHash('blake2s256').update(id).digest('hex'), id, now)
  const isUnknown = 'rejected' in outcome && outcome.rejected === 'unknown'
  // Starlite, and Litestar before 2.20, named a file by the id.
  return isUnknown ? await readAt(records, id, id, now) : outcome
}

async function readAt ({ store, isFile, prefix, maxAgeMs }: Records, name: string, id: string, now: Instant): Promise<Outcome> {
  const key = prefix + name
  const value = await valueAt(store, key, id)
  if ('rejected' in value) return value
  const otherwise = now + (maxAgeMs ?? MAX_AGE_MS)
  const record = isFile ? fileIn(value) : { data: value.toString(), expiresAt: otherwise }
  const data = record && dataIn(record.data)
  if (!data) return rejected('corrupt')
  const { expiresAt } = record
  return expiresAt !== null && expiresAt <= now ? rejected('expired') : { data, expiresAt, secret: id, ...removal(store, key) }
}
