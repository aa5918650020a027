import { createHash } from 'node:crypto'
import { isId } from '../../record/ids.ts'
import { MAIN_PROPERTY } from '../conventions.ts'

const ID_CHARS = 64
const GLOB_CHARACTERS = /[\\*?[\]^-]/g

/**
 * The names of one registration's keys. A session's key ends in 64 hex digits and an index's in 43 characters of
 * base64url, so that no name of a property or prefix makes the one look like the other.
 */
export class Keys {
  readonly #space: string

  constructor (prefix: string, property = MAIN_PROPERTY) {
    this.#space = property === MAIN_PROPERTY ? prefix : `${prefix}${property}:`
  }

  session (id: string): string { return this.#space + id }

  /** Hashed: subjects may be long, and personal. */
  subject (subject: string): string {
    return `${this.#space}subject:${createHash('sha256').update(subject).digest('base64url')}`
  }

  /** What SCAN is asked for, where the client puts `keyPrefix` before all keys but those. */
  sessionPattern (keyPrefix: string): string {
    return escapeGlob(keyPrefix + this.#space) + '?'.repeat(ID_CHARS)
  }

  indexPattern (keyPrefix: string): string {
    return escapeGlob(keyPrefix + this.#space) + 'subject:' + '?'.repeat(this.subject('').length - this.#space.length - 'subject:'.length)
  }

  /** The id in a name that SCAN found, or `null`: another registration's key can be as long. */
  idOf (name: string, keyPrefix: string): string | null {
    const id = name.slice(keyPrefix.length + this.#space.length)
    return isId(id) ? id : null
  }
}

function escapeGlob (text: string): string {
  return text.replace(GLOB_CHARACTERS, '\\$&')
}
