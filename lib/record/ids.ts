import { hash } from 'node:crypto'
import { randomText } from '../crypto/random.ts'

const TOKEN_BYTES = 32
/** The length of a token's text. */
export const TOKEN_CHARS = 43
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** A new cookie token: 256 random bits as 43 base64url characters (ASVS 7.2.3). It carries no meaning. */
export function newToken (): string {
  return randomText(TOKEN_BYTES)
}

/** Whether text has the shape of a token; anything else costs the backend no call. */
export function isToken (text: string): boolean {
  return TOKEN.test(text)
}

/**
 * The id a backend sees: SHA-256 of the property and the token, 64 hex digits. A leaked store holds no usable cookie,
 * and two registrations on one store do not accept each other's tokens. 256 random bits need no slower hash.
 */
export function idOfToken (property: string, token: string): string {
  return hash('sha256', `${property}:${token}`, 'hex')
}

const ID = /^[0-9a-f]{64}$/

/** Whether text can be the id of a stored session. Ids come from outside too (`app.sessions.get(id)`). */
export function isId (id: unknown): id is string {
  return typeof id === 'string' && ID.test(id)
}
