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
 * A copy of live data, as JSON.parse would make it of their text; `null` when JSON would change or drop anything, or ask a
 * value how it is written. They must have no cycle; what kind of object they are themselves does not matter.
 */
export function copyPlain (live: object): Payload | null {
  const copy = plainMembers(live as Payload)
  return copy === NOT_PLAIN ? null : copy as Payload
}

const NOT_PLAIN = Symbol('not plain')

function plainOf (value: unknown): unknown {
  switch (typeof value) {
    case 'string': case 'boolean': return value
    // JSON writes -0 as 0.
    case 'number': return Number.isFinite(value) ? value + 0 : NOT_PLAIN
    case 'object': break
    default: return NOT_PLAIN
  }
  if (value === null) return null
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return plainMembers(value as Payload)
  return prototype === Array.prototype ? plainItems(value as unknown[]) : NOT_PLAIN
}

function plainMembers (live: Payload): unknown {
  const copy: Payload = {}
  for (const key of Object.keys(live)) {
    const value = plainOf(live[key])
    // An assignment to this key would set the prototype.
    if (value === NOT_PLAIN || key === '__proto__') return NOT_PLAIN
    copy[key] = value
  }
  return copy
}

function plainItems (items: readonly unknown[]): unknown {
  const copy: unknown[] = []
  for (let index = 0; index < items.length; index++) {
    const value = plainOf(items[index])
    if (value === NOT_PLAIN) return NOT_PLAIN
    copy.push(value)
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

/** Likewise, for one value. */
export function isSameValue (live: unknown, stored: unknown): boolean {
  if (typeof live !== 'object' || live === null) return live === stored
  if (typeof stored !== 'object' || stored === null) return false
  const prototype: unknown = Object.getPrototypeOf(live)
  if (prototype === Object.prototype) return !Array.isArray(stored) && hasSameMembers(live as Payload, stored as Payload)
  return prototype === Array.prototype && Array.isArray(stored) && hasSameItems(live as unknown[], stored)
}

// In the same order: some rely on it. for…in, which makes no array, sees what is inherited too; then it is a "no".
function hasSameMembers (live: Payload, stored: Payload): boolean {
  const keys = Object.keys(stored)
  let index = 0
  for (const key in live) {
    if (key !== keys[index] || !isSameValue(live[key], stored[key])) return false
    index++
  }
  return index === keys.length
}

function hasSameItems (live: readonly unknown[], stored: readonly unknown[]): boolean {
  if (live.length !== stored.length) return false
  // Not every(): it does not see an item that was deleted.
  for (let index = 0; index < live.length; index++) {
    if (!isSameValue(live[index], stored[index])) return false
  }
  return true
}
