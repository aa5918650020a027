import type { Awaitable, Duration, Instant, SessionReader } from '../../types/index.d.ts'
import { signerKeys } from '../crypto/itsdangerous.ts'
import { durationOf } from '../tools/option-duration.ts'
import { textsOf } from './cookie-texts.ts'
import { dataIn } from './data.ts'
import { assertStore, type KeyValueStore, removal, valueAt } from './key-value-store.ts'
import { anything, duration, durationOrNull, readerCheck, type ReaderOptions, type Secrets, secretsOf } from './options.ts'
import { firstOf, type Outcome, readerOf, rejected } from './reader.ts'
import { unsign } from './timestamp-signer.ts'

export interface StarletteOptions extends ReaderOptions {
  /** The library's `secret_key`: all of a list are tried. */
  secret: Secrets
  /** The library's `max_age`; `null` for none. @default '14d' */
  maxAge?: Duration | null
}

export interface StarletteSessionOptions extends ReaderOptions {
  /** The library's `secret_key`: all of a list are tried. */
  secret: Secrets
  /** The library's `max_age`. @default '14d' */
  maxAge?: Duration
  /** Where the sessions are, unless they are in their cookies. Only those that are JSON are read: no pickle is. */
  store?: KeyValueStore
}

const DEFAULT_MAX_AGE = '14d'
/** The key under which a cookie of starlette-session holds the name of a record. */
const ID_KEY = '_cssid'
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const checkStarlette = readerCheck('fromStarlette', { secret: anything, maxAge: durationOrNull })
const checkStarletteSession = readerCheck('fromStarletteSession', { secret: anything, maxAge: duration, store: anything })

/**
 * Reads the sessions of Starlette's own `SessionMiddleware` (also FastAPI's): signed by itsdangerous, in their cookie.
 *
 *     migrateFrom: [fromStarlette({ secret })]
 *
 * @throws InvalidOptionsError
 */
export function fromStarlette (options: StarletteOptions): SessionReader {
  checkStarlette(options)
  const { cookieName = 'session', secret, maxAge = DEFAULT_MAX_AGE } = options
  const keys = signerKeys(secretsOf('fromStarlette.secret', secret))
  const maxAgeMs = maxAge === null ? null : durationOf('fromStarlette.maxAge', maxAge)
  const readText = (text: string, now: Instant): Outcome => readCookie(text, keys, maxAgeMs, now)
  return readerOf({
    name: 'starlette', cookieName, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readText(text, now))
  }, options)
}

/**
 * Reads the sessions of starlette-session, in their cookie or in a store. What it keeps in Redis are pickles, which can run any code: they
 * count as corrupt.
 *
 *     migrateFrom: [fromStarletteSession({ secret, cookieName: 'sid' })]
 *
 * @throws InvalidOptionsError
 */
export function fromStarletteSession (options: StarletteSessionOptions): SessionReader {
  checkStarletteSession(options)
  const { cookieName = 'session', secret, maxAge = DEFAULT_MAX_AGE, store } = options
  const keys = signerKeys(secretsOf('fromStarletteSession.secret', secret))
  const maxAgeMs = durationOf('fromStarletteSession.maxAge', maxAge)
  if (store !== undefined) assertStore('fromStarletteSession', store)

  function readText (text: string, now: Instant): Awaitable<Outcome> {
    const found = readCookie(text, keys, maxAgeMs, now)
    if ('rejected' in found) return found
    const id = found.data[ID_KEY]
    const isInStore = typeof id === 'string' && ID.test(id) && Object.keys(found.data).length === 1
    // The one is configured, and the other was found.
    if (isInStore !== (store !== undefined)) return rejected('corrupt')
    return store === undefined ? found : readRecord(store, id as string, found)
  }

  return readerOf({
    name: 'starlette-session', cookieName, read: (cookies, now) => firstOf(textsOf(cookies, cookieName), text => readText(text, now))
  }, options)
}

function readCookie (text: string, keys: readonly Buffer[], maxAgeMs: number | null, now: Instant): Outcome {
  const signed = unsign(text, keys, now)
  if ('rejected' in signed) return signed
  const expiresAt = maxAgeMs === null ? null : signed.signedAt + maxAgeMs
  if (expiresAt !== null && expiresAt <= now) return rejected('expired')
  const data = dataIn(signed.body.toString())
  return data === null ? rejected('corrupt') : { data, expiresAt, secret: text }
}

async function readRecord (store: KeyValueStore, id: string, cookie: Exclude<Outcome, { rejected: unknown }>): Promise<Outcome> {
  const value = await valueAt(store, id, cookie.secret)
  if ('rejected' in value) return value
  const data = dataIn(value.toString())
  return data === null ? rejected('corrupt') : { ...cookie, data, ...removal(store, id) }
}
