import { ReservedKeyError } from '../errors.ts'

/**
 * The members of `request.session`, and the names that are kept free for future members. The data of a session must not have
 * such a key: the member would hide the value.
 */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([
  'get', 'set', 'has', 'delete', 'clear', 'update', 'data',
  'id', 'isLoaded', 'isNew', 'isEmpty', 'isModified', 'createdAt', 'lastAccessedAt', 'expiresAt', 'subject',
  'load', 'save', 'reload', 'touch', 'regenerateId', 'regenerate', 'login', 'setLifetime', 'destroy', 'transaction',
  'signal', 'reauthenticate', 'cookie', 'sessionId',
  '__proto__'
])

/** @throws ReservedKeyError when `key` is the name of a member */
export function assertFreeKey (key: string): void {
  if (RESERVED_KEYS.has(key)) throw new ReservedKeyError(key)
}
