import { createHmac } from 'node:crypto'
import type { Awaitable, Duration, Instant, SessionReader } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'
import { call, type ExpressStore, isExpressStore } from '../tools/express-call.ts'
import { textsOf } from './cookie-texts.ts'
import { type ExpressRecord, recordOf } from './express-records.ts'
import { anything, duration, maxAgeOf, readerCheck, type ReaderOptions, type Secrets, secretsOf } from './options.ts'
import { firstOf, type Outcome, readerOf, rejected, unknown } from './reader.ts'
import { isSignedBy } from '../crypto/signatures.ts'

interface StoredSessionOptions extends ReaderOptions {
  /** The library's `secret`: all of a list are tried. */
  secret: Secrets
  /** The library's `store`, or a new one on the same server: sessions in the memory of an old process cannot be read. */
  store: ExpressStore
  /** How long a session without `cookie.maxAge` may live on, from its first use here. @default as long as ours */
  maxAge?: Duration
}

export interface FastifySessionOptions extends StoredSessionOptions {
  /** @default '' */
  cookiePrefix?: string
  /** The hash of the signature. @default 'sha256' */
  algorithm?: string
}

export interface ExpressSessionOptions extends StoredSessionOptions {
  /**
   * The library's `rolling`. With `resave: false` it leaves the record as it is, and has the store move the deadline: then it is the
   * store which says whether the session lives. @default false
   */
  rolling?: boolean
}

const stored = { secret: anything, store: anything, maxAge: duration }
const checkFastify = readerCheck('fromFastifySession', {
  ...stored,
  cookiePrefix: { description: 'a string', type: 'string' },
  algorithm: { description: 'the name of a hash', type: 'string' }
})
const checkExpress = readerCheck('fromExpressSession', { ...stored, rolling: { description: 'a boolean', type: 'boolean' } })

/** Session ids that are signed, and records in a store for express-session. */
interface Format {
  readonly name: string
  readonly cookieName: string
  /** What stands in front of the signed id. */
  readonly prefix: string
  readonly algorithm: string
  readonly secrets: readonly Buffer[]
  readonly store: ExpressStore
  readonly maxAgeMs: number | undefined
  readonly rolling: boolean
}

/**
 * Reads the sessions of @fastify/session: signed ids, and records in its store.
 *
 *     migrateFrom: [fromFastifySession({ secret, store })]
 *
 * @throws InvalidOptionsError
 */
export function fromFastifySession (options: FastifySessionOptions): SessionReader {
  checkFastify(options)
  const { cookieName = 'sessionId', cookiePrefix = '', algorithm = 'sha256' } = options
  if (!isHash(algorithm)) throw unexpected('fromFastifySession.algorithm', 'the name of a hash, such as sha256', algorithm)
  const library = { name: '@fastify/session', cookieName, prefix: cookiePrefix, algorithm, rolling: false }
  return storedReader('fromFastifySession', library, options)
}

/**
 * Reads the sessions of express-session: signed ids, and records in its store (connect-redis, connect-pg-simple …).
 *
 *     migrateFrom: [fromExpressSession({ secret, store: new RedisStore({ client }) })]
 *
 * @throws InvalidOptionsError
 */
export function fromExpressSession (options: ExpressSessionOptions): SessionReader {
  checkExpress(options)
  const { cookieName = 'connect.sid', rolling = false } = options
  const library = { name: 'express-session', cookieName, prefix: 's:', algorithm: 'sha256', rolling }
  return storedReader('fromExpressSession', library, options)
}

type OfLibrary = Pick<Format, 'name' | 'cookieName' | 'prefix' | 'algorithm' | 'rolling'>

function storedReader (reader: string, library: OfLibrary, options: StoredSessionOptions): SessionReader {
  const { secret, store, maxAge } = options
  if (!isExpressStore(store)) {
    const remedy = `give the \`store\` of ${library.name}`
    throw unexpected(`${reader}.store`, 'a store for express-session, with get, set and destroy', store, remedy)
  }
  const secrets = secretsOf(`${reader}.secret`, secret)
  const format: Format = { ...library, secrets, store, maxAgeMs: maxAgeOf(reader, maxAge) }
  const { name, cookieName } = library
  return readerOf({
    name, cookieName, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readSigned(text, format, now))
  }, options)
}

function readSigned (text: string, format: Format, now: Instant): Awaitable<Outcome> {
  const { prefix, algorithm, secrets } = format
  const signed = text.slice(prefix.length)
  const dot = signed.lastIndexOf('.')
  if (!text.startsWith(prefix) || dot < 1) return rejected('malformed')
  const id = signed.slice(0, dot)
  const sign = (key: Buffer): string => createHmac(algorithm, key).update(id).digest('base64').replace(/=+$/, '')
  if (!isSignedBy(secrets, signed.slice(dot + 1), sign)) return rejected('forged')
  return readStored(id, signed, format, now)
}

async function readStored (id: string, secret: string, format: Format, now: Instant): Promise<Outcome> {
  const { store } = format
  const answer = await call(done => store.get(id, done), 'ENOENT')
  if (!answer) return unknown(secret)
  const record = recordOf(answer)
  if ('rejected' in record) return record
  const expiresAt = deadlineOf(record, format, now)
  if (expiresAt !== null && expiresAt <= now) return rejected('expired')
  const remove = (): Promise<unknown> => call(done => store.destroy(id, done), 'ENOENT')
  return { data: record.data, expiresAt, secret, remove }
}

function deadlineOf ({ expiresAt, maxAgeMs }: ExpressRecord, format: Format, now: Instant): Instant | null {
  if (format.rolling && maxAgeMs !== null) return now + maxAgeMs
  if (expiresAt !== null) return expiresAt
  return format.maxAgeMs === undefined ? null : now + format.maxAgeMs
}

function isHash (algorithm: string): boolean {
  try {
    createHmac(algorithm, '')
    return true
  } catch {
    return false
  }
}
