import type { Payload } from './changes.ts'

// Payloads as JSON.parse makes them: a copy and a comparison cost a fraction of another parse or stringify.

/** A copy of what JSON.parse returned. */
export function copyTree (tree: Payload): Payload {
  return copyOf(tree) as Payload
}

function copyOf (value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const copy: Payload = { ...value }
  for (const key in copy) {
    if (typeof copy[key] === 'object') copy[key] = copyOf(copy[key])
  }
  return copy
}

/**
 * Whether JSON.stringify would write both alike, as far as that can be told quickly. Only a "yes" means something: what
 * JSON would change or drop, and what says itself how it is written, is a "no".
 *
 * @param tree what JSON.parse returned; the live object's own prototype does not matter, those of its values do
 */
export function isSameTree (live: object, tree: Payload): boolean {
  return hasSameMembers(live as Payload, tree)
}

function isSame (live: unknown, stored: unknown): boolean {
  if (typeof live !== 'object' || live === null) return live === stored
  if (typeof stored !== 'object' || stored === null) return false
  const prototype: unknown = Object.getPrototypeOf(live)
  if (prototype === Object.prototype) return !Array.isArray(stored) && hasSameMembers(live as Payload, stored as Payload)
  return prototype === Array.prototype && Array.isArray(stored) && hasSameItems(live as unknown[], stored)
}

function hasSameItems (live: readonly unknown[], stored: readonly unknown[]): boolean {
  if (live.length !== stored.length) return false
  // Not every(): it does not see an item that was deleted.
  for (let index = 0; index < live.length; index++) {
    if (!isSame(live[index], stored[index])) return false
  }
  return true
}

// In the same order: some rely on it.
function hasSameMembers (live: Payload, stored: Payload): boolean {
  const keys = Object.keys(live)
  const storedKeys = Object.keys(stored)
  return keys.length === storedKeys.length && keys.every((key, index) => key === storedKeys[index] && isSame(live[key], stored[key]))
}
