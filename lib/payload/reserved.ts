import { ReservedKeyError } from '../errors.ts'

/** The members of `request.session`, and the names kept free for planned ones. No key of the data may be one. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([
  'get', 'set', 'has', 'delete', 'clear', 'update', 'data',
  'id', 'isLoaded', 'isNew', 'isEmpty', 'isModified', 'createdAt', 'lastAccessedAt', 'expiresAt', 'subject',
  'load', 'save', 'reload', 'touch', 'regenerateId', 'regenerate', 'login', 'setLifetime', 'destroy', 'transaction',
  'signal', 'reauthenticate', 'cookie', 'sessionId',
  '__proto__'
])

export function assertFreeKey (key: string): void {
  if (RESERVED_KEYS.has(key)) throw new ReservedKeyError(key)
}
