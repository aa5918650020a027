import { ReservedKeyError } from '../errors.ts'

/**
 * The members of `request.session`, and the names that are kept free for future members. Data under such a key are kept as any other
 * (bag.ts), but cannot be a property of the session: the property would hide the member.
 */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([
  'get', 'set', 'has', 'delete', 'clear', 'update', 'data',
  'id', 'isLoaded', 'isNew', 'isEmpty', 'isModified', 'createdAt', 'lastAccessedAt', 'expiresAt',
  'subject', 'signedInAt', 'level', 'labels', 'endedBecause',
  'load', 'save', 'reload', 'touch', 'regenerateId', 'regenerate', 'login', 'reauthenticate', 'setLifetime', 'destroy', 'transaction',
  'signal', 'cookie', 'sessionId',
  '__proto__'
])

/** The single key that data can never have: to assign it sets the prototype of an object. */
export const PROTOTYPE_KEY = '__proto__'

/** @throws ReservedKeyError for `__proto__` */
export function assertKey (key: string): void {
  if (key === PROTOTYPE_KEY) throw new ReservedKeyError(key)
}

/** Refuses data that have `__proto__` as a key. Throws `ReservedKeyError`. */
export function assertKeys (data: object): void {
  if (Object.hasOwn(data, PROTOTYPE_KEY)) throw new ReservedKeyError(PROTOTYPE_KEY)
}

/** Refuses an object whose members are hidden by properties (made with defineProperty). Throws `ReservedKeyError`. */
export function assertNoneHidden (bag: object): void {
  for (const key in bag) {
    if (RESERVED_KEYS.has(key) && Object.hasOwn(bag, key)) throw new ReservedKeyError(key)
  }
}
