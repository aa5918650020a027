import { createHmac } from 'node:crypto'
import { deriveKeys } from './envelope.ts'
import { isSignedBy } from './signatures.ts'

/** The length of a secret: 132 bits. To guess one is to ask the server, and the first wrong answer may end the session. */
export const SECRET_CHARS = 22

/** How many secrets before the current one are looked for. */
const LOOKS_BACK = 2
/** The number of a session's first secret: the token alone, number 0, is never looked for in a session that began with a secret. */
export const FIRST_SECRET = LOOKS_BACK + 1

/** The secret that a cookie came with. */
export interface FoundSecret {
  /** Its number in the session. */
  readonly counter: number
  /** Whether it was made with an old one of the option `secret`. */
  readonly isStale: boolean
}

/**
 * The secrets behind the tokens of sessions (`renewSecretEvery`). Secret number `counter` of a token is HMAC-SHA-256 of both, under a
 * key of the option `secret`: so it is stored nowhere. Number 0 is no secret at all, as sessions have it that began without the option.
 */
export class TokenSecrets {
  readonly #keys: readonly Buffer[]

  /** @param secrets the first makes the secrets that are handed out, any is good for those that come back */
  constructor (secrets: readonly Buffer[], property: string) {
    this.#keys = deriveKeys(secrets, `token secrets of ${property}`).map(({ key }) => key)
  }

  /** The cookie's text: `token.secret`. */
  textOf (token: string, counter: number): string {
    return counter === 0 ? token : `${token}.${secretOf(this.#keys[0]!, token, counter)}`
  }

  /**
   * Which of a session's secrets a text is: the current one, a few before, or the next one, which the store may have lost; `null` for any
   * other text. A text that is not the current secret takes the same time whatever it is.
   */
  find (token: string, given: string, current: number): FoundSecret | null {
    const is = (key: Buffer, counter: number): boolean => isSignedBy([key], given, each => secretOf(each, token, counter))
    if (is(this.#keys[0]!, current)) return { counter: current, isStale: false }
    let found: FoundSecret | null = null
    for (const [index, key] of this.#keys.entries()) {
      for (let counter = Math.max(0, current - LOOKS_BACK); counter <= current + 1; counter++) {
        if (is(key, counter)) found ??= { counter, isStale: index > 0 }
      }
    }
    return found
  }
}

function secretOf (key: Buffer, token: string, counter: number): string {
  return counter === 0 ? '' : createHmac('sha256', key).update(`${token}.${counter}`).digest('base64url').slice(0, SECRET_CHARS)
}
