import { hash } from 'node:crypto'
import { randomText } from '../crypto/random.ts'
import { SECRET_CHARS } from '../crypto/token-secrets.ts'

const TOKEN_BYTES = 32
/** The length of a token's text. */
export const TOKEN_CHARS = 43
const TOKEN = /^[A-Za-z0-9_-]{43}$/
const ID = /^[0-9a-f]{64}$/
/** The length of a token's text with a secret behind it. */
export const TOKEN_AND_SECRET_CHARS = TOKEN_CHARS + 1 + SECRET_CHARS
const DOT_AND_SECRET = /^\.[A-Za-z0-9_-]{22}$/

/** A new cookie token: 256 random bits as 43 base64url characters (ASVS 7.2.3). A token carries no meaning. */
export function newToken (): string {
  return randomText(TOKEN_BYTES)
}

/** Whether text has the shape of a token. Malformed text costs the backend no call (docs/security.md C008). */
export function isToken (text: string): boolean {
  return TOKEN.test(text)
}

/**
 * The token in a cookie's text, and the secret behind it (`renewSecretEvery`), which is the empty text where there is none; `null` for
 * text of another shape.
 */
export function tokenParts (text: string): { token: string, secret: string } | null {
  const [token, rest] = [text.slice(0, TOKEN_CHARS), text.slice(TOKEN_CHARS)]
  if (!isToken(token) || (rest !== '' && !DOT_AND_SECRET.test(rest))) return null
  return { token, secret: rest.slice(1) }
}

/**
 * The id that the backend sees: SHA-256 of the property and the token, as 64 hex digits (docs/security.md C010). A leaked
 * store holds no usable cookie, and two registrations on one store do not accept each other's tokens. A slower hash would
 * add nothing: 256 random bits cannot be guessed.
 */
export function idOfToken (property: string, token: string): string {
  return hash('sha256', `${property}:${token}`, 'hex')
}

/** The length of the id of a session in its cookie: 132 random bits, since the id is no secret and only has to be unique. */
export const COOKIE_ID_CHARS = 22
const COOKIE_ID = /^[A-Za-z0-9_-]{22}$/

/** Whether text can be the id of a session in its cookie. */
export function isCookieId (text: string): boolean { return COOKIE_ID.test(text) }

/** Whether a value can be the id of a stored session. Applications pass ids too: `app.sessions.get(id)`. */
export function isId (id: unknown): id is string {
  return typeof id === 'string' && ID.test(id)
}
