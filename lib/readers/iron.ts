import { createDecipheriv, createHmac, pbkdf2Sync } from 'node:crypto'
import type { Duration, ForeignCookies, Instant, SessionReader } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'
import { type CookieText, joinedTexts, partNames, textsOf } from './cookie-texts.ts'
import { dataIn } from './data.ts'
import { anything, duration, maxAgeOf, readerCheck, type ReaderOptions } from './options.ts'
import { firstOf, type Outcome, readerOf, rejected } from './reader.ts'
import { isSignedBy } from '../crypto/signatures.ts'

export interface IronSessionOptions extends ReaderOptions {
  cookieName: string
  /** The library's `password`: one of at least 32 characters, or several by their ids. */
  password: string | Readonly<Record<string, string>>
  /** How long a session with the library's `ttl: 0` may live on, from its first use here. @default as long as ours */
  maxAge?: Duration
}

const READER = 'fromIronSession'
const check = readerCheck(READER, { password: anything, maxAge: duration })
/** What a single password is called in a seal. */
const DEFAULT_ID = '1'
const MIN_PASSWORD_CHARS = 32
const PASSWORDS = `a password of at least ${MIN_PASSWORD_CHARS} characters, or an object of passwords by their ids`
/** More than this iron-session 9 does not write. */
const MOST_PARTS = 4
/** Format and version, id of the password, salt, vector, ciphertext, deadline; salt and text of the signature. */
const SEAL = /^(Fe26\.2\*(\w*)\*([0-9a-f]{64})\*([\w-]{22})\*([\w-]+)\*(\d{0,16}))\*([0-9a-f]{64})\*([\w-]{43})~2$/

/**
 * Reads the sessions of iron-session 8 and 9, whole or in parts.
 *
 *     migrateFrom: [fromIronSession({ password, cookieName: 'my-app' })]
 *
 * @throws InvalidOptionsError
 */
export function fromIronSession (options: IronSessionOptions): SessionReader {
  check(options)
  const { cookieName, password } = options
  if (cookieName === undefined) throw unexpected(`${READER}.cookieName`, 'the name of a cookie', cookieName, 'iron-session has no default')
  const passwords = passwordsOf(password)
  const maxAgeMs = maxAgeOf(READER, options.maxAge)
  const stem = `${cookieName}.`
  return readerOf({
    name: 'iron-session',
    cookieName,
    ownNames: names => [...names.filter(name => name === cookieName), ...partNames(names, stem)],
    read: (cookies, now) => firstOf(sealsIn(cookies, cookieName, stem), text => unseal(text, passwords, maxAgeMs, now))
  }, options)
}

/** The whole cookie comes first, as in iron-session. */
function sealsIn (cookies: ForeignCookies, cookieName: string, stem: string): CookieText[] {
  return [...textsOf(cookies, cookieName), ...joinedTexts(cookies, stem, MOST_PARTS)]
}

function unseal (text: string, passwords: ReadonlyMap<string, string>, maxAgeMs: number | undefined, now: Instant): Outcome {
  const match = SEAL.exec(text)
  if (match === null) return rejected('malformed')
  const [, signed, id, salt, vector, ciphertext, deadline, macSalt, mac] = match as unknown as string[]
  const password = passwords.get(id!)
  if (password === undefined || !isSignedBy([keyOf(password, macSalt!)], mac!, key => macOf(key, signed!))) return rejected('forged')
  if (deadline !== '' && Number(deadline) <= now) return rejected('expired')
  const data = dataIn(decrypt(keyOf(password, salt!), vector!, ciphertext!))
  if (data === null) return rejected('corrupt')
  const otherwise = maxAgeMs === undefined ? null : now + maxAgeMs
  return { data, expiresAt: deadline === '' ? otherwise : Number(deadline), secret: text }
}

function keyOf (password: string, salt: string): Buffer { return pbkdf2Sync(password, salt, 1, 32, 'sha1') }

function macOf (key: Buffer, text: string): string { return createHmac('sha256', key).update(text).digest('base64url') }

/** Empty where the text was sealed by a different program that has the password. */
function decrypt (key: Buffer, vector: string, ciphertext: string): string {
  const decipher = createDecipheriv('aes-256-cbc', key, Buffer.from(vector, 'base64url'))
  try {
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]).toString()
  } catch {
    return ''
  }
}

function passwordsOf (password: unknown): ReadonlyMap<string, string> {
  const isOne = typeof password === 'string'
  const entries = isOne ? [[DEFAULT_ID, password] as const] : Object.entries(password as object ?? {})
  if (entries.length === 0) throw unexpected(`${READER}.password`, PASSWORDS, password)
  for (const [id, value] of entries) {
    const isLong = typeof value === 'string' && value.length >= MIN_PASSWORD_CHARS
    if (!isLong) throw unexpected(isOne ? `${READER}.password` : `${READER}.password.${id}`, PASSWORDS, value)
  }
  return new Map(entries)
}
