import { createHash } from 'node:crypto'
import { isId } from '../../record/ids.ts'
import { MAIN_PROPERTY } from '../conventions.ts'
import type { IndexKey } from '../index-keys.ts'

const ID_CHARS = 64
const GLOB_CHARACTERS = /[\\*?[\]^-]/g

/**
 * The names of the keys of a registration. The key of a session ends in 64 hex digits and the key of an index in 43
 * characters of base64url, so that no prefix and no property makes an index look like a session.
 */
export class Keys {
  /** How the keys of sessions begin; the id follows. */
  readonly space: string

  constructor (prefix: string, property = MAIN_PROPERTY) {
    this.space = property === MAIN_PROPERTY ? prefix : `${prefix}${property}:`
  }

  session (id: string): string { return this.space + id }

  /** The key of the index of a subject or label. The value is hashed, since it may be long, and personal. */
  index ({ kind, value }: IndexKey): string {
    return `${this.space}${kind}:${createHash('sha256').update(value).digest('base64url')}`
  }

  /** The pattern of all sessions for SCAN. The client adds `keyPrefix` to keys but not to patterns. */
  sessionPattern (keyPrefix: string): string {
    return escapeGlob(keyPrefix + this.space) + '?'.repeat(ID_CHARS)
  }

  /** The id in a name which SCAN found; `null` for a key of the same length which belongs to another registration. */
  idOf (name: string, keyPrefix: string): string | null {
    const id = name.slice(keyPrefix.length + this.space.length)
    return isId(id) ? id : null
  }
}

function escapeGlob (text: string): string {
  return text.replace(GLOB_CHARACTERS, '\\$&')
}
