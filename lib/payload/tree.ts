import type { Payload } from './changes.ts'

// A tree is a payload as `JSON.parse` makes it. To copy or compare trees costs a fraction of `JSON.parse` or `JSON.stringify`.

/** A deep copy of a tree. */
export function copyTree (tree: Payload): Payload {
  return copyValue(tree) as Payload
}

/** A deep copy of a value of a tree. */
export function copyValue (value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyValue)
  const copy: Payload = { ...value }
  for (const key in copy) {
    if (typeof copy[key] === 'object') copy[key] = copyValue(copy[key])
  }
  return copy
}

/**
 * The tree that `JSON.parse` would make from the text of live data; `null` when JSON would change or drop a value, or call
 * `toJSON`. Live data must have no cycle. The outermost object may be of any class, as `request.session` is.
 */
export function copyPlain (live: object): Payload | null {
  const copy = plainMembers(live as Payload)
  return copy === NOT_PLAIN ? null : copy as Payload
}

const NOT_PLAIN = Symbol('not plain')

function plainOf (value: unknown): unknown {
  switch (typeof value) {
    case 'string': case 'boolean': return value
    // JSON writes -0 as 0, and so does the addition.
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
    // To assign to `copy.__proto__` would set the prototype.
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
 * Whether `JSON.stringify` surely writes the same text for both, but for the order of the outermost keys, which is no change of a
 * session. Only `true` is certain: `false` also stands for every value that JSON would change or drop, or whose `toJSON` JSON
 * would call.
 *
 * @param live an object of any class; a value inside of a class other than `Object` and `Array` gives `false`
 */
export function isSameTree (live: object, tree: Payload): boolean {
  const keys = Object.keys(tree)
  let index = 0
  for (const key in live) {
    if (key !== keys[index] && !Object.hasOwn(tree, key)) return false
    if (!isSameValue((live as Payload)[key], tree[key])) return false
    index++
  }
  return index === keys.length
}

/** The same question for a single value. */
export function isSameValue (live: unknown, stored: unknown): boolean {
  if (typeof live !== 'object' || live === null) return live === stored
  if (typeof stored !== 'object' || stored === null) return false
  const prototype: unknown = Object.getPrototypeOf(live)
  if (prototype === Object.prototype) return !Array.isArray(stored) && hasSameMembers(live as Payload, stored as Payload)
  return prototype === Array.prototype && Array.isArray(stored) && hasSameItems(live as unknown[], stored)
}

// Inside values keys must come in the same order too, since applications may rely on the order. `for…in` makes no array of keys, but sees
// inherited keys: an object with inherited keys counts as different.
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
  // Not `every()`, which passes over a deleted item.
  for (let index = 0; index < live.length; index++) {
    if (!isSameValue(live[index], stored[index])) return false
  }
  return true
}
