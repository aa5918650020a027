import { createHmac } from 'node:crypto'
import type { CookieTexts } from '../../types/index.d.ts'
import { isSignedBy } from '../crypto/signatures.ts'
import { newToken } from '../record/ids.ts'

/** Ids of express-session: 32 base64url characters, unless its option `genid` says otherwise. Never a path, never a pattern. */
const SESSION_ID = /^[\w-][\w.:@~+=,-]{15,199}$/
/** Room for the longest id with its signature, each character escaped. */
const MAX_CHARS = 760
const START = 's:'

/** Whether a value can be the id of a session that express-session keeps. */
export function isExpressId (id: unknown): id is string {
  return typeof id === 'string' && SESSION_ID.test(id)
}

/**
 * The cookies of express-session: `s:<id>.<HMAC-SHA-256 of the id, base64 without padding>`, percent-encoded, as cookie-signature and
 * cookie make them.
 *
 * @param secrets the first signs, all of them are tried
 */
export function expressCookies (secrets: readonly Buffer[]): CookieTexts {
  const [first] = secrets as readonly [Buffer]
  return {
    maxLength: MAX_CHARS,
    create (id = newToken()) {
      return { id, text: encodeURIComponent(START + signed(id, first)) }
    },
    idOf (text) {
      const plain = decoded(text)
      const id = plain.slice(START.length, plain.lastIndexOf('.'))
      if (!plain.startsWith(START) || !isExpressId(id)) return null
      return isSignedBy(secrets, plain.slice(START.length), secret => signed(id, secret)) ? id : null
    }
  }
}

function signed (id: string, secret: Buffer): string {
  return `${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`
}

/** The empty text for text that is encoded wrongly. */
function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
