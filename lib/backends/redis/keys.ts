import { createHash } from 'node:crypto'
import { isId } from '../../record/ids.ts'
import { MAIN_PROPERTY } from '../conventions.ts'

const ID_CHARS = 64
const GLOB_CHARACTERS = /[\\*?[\]^-]/g

/**
 * The names of the keys of a registration. The key of a session ends in 64 hex digits and the key of an index in 43
 * characters of base64url, so that no prefix and no property makes an index look like a session.
 */
export class Keys {
  readonly #space: string

  constructor (prefix: string, property = MAIN_PROPERTY) {
    this.#space = property === MAIN_PROPERTY ? prefix : `${prefix}${property}:`
  }

  session (id: string): string { return this.#space + id }

  /** The key of a subject's index. The subject is hashed, since a subject may be long, and personal. */
  subject (subject: string): string {
    return `${this.#space}subject:${createHash('sha256').update(subject).digest('base64url')}`
  }

  /** The pattern of all sessions for SCAN. The client adds `keyPrefix` to keys but not to patterns. */
  sessionPattern (keyPrefix: string): string {
    return escapeGlob(keyPrefix + this.#space) + '?'.repeat(ID_CHARS)
  }

  /** The id in a name which SCAN found; `null` for a key of the same length which belongs to another registration. */
  idOf (name: string, keyPrefix: string): string | null {
    const id = name.slice(keyPrefix.length + this.#space.length)
    return isId(id) ? id : null
  }
}

function escapeGlob (text: string): string {
  return text.replace(GLOB_CHARACTERS, '\\$&')
}
