import type { Payload } from './changes.ts'
import { MAX_DEPTH } from '../record/depth.ts'

// A tree is a payload as `JSON.parse` makes it. To copy or compare trees costs a fraction of `JSON.parse` or `JSON.stringify`.

/** A deep copy of a tree. Throws `RangeError` for a tree that is deeper than a payload may be. */
export function copyTree (tree: Payload): Payload {
  return copyValue(tree) as Payload
}

/** A deep copy of a value of a tree. */
export function copyValue (value: unknown, depth = 1): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) throw new RangeError('The payload is nested too deeply')
  if (Array.isArray(value)) return copyItems(value, depth)
  const copy: Payload = { ...value }
  for (const key in copy) {
    if (typeof copy[key] === 'object') copy[key] = copyValue(copy[key], depth + 1)
  }
  return copy
}

function copyItems (items: readonly unknown[], depth: number): unknown[] {
  const copy = items.slice()
  for (let index = 0; index < copy.length; index++) {
    if (typeof copy[index] === 'object') copy[index] = copyValue(copy[index], depth + 1)
  }
  return copy
}

/**
 * The tree that reading the text of live data would make; `null` when JSON would change or drop a value (but for a member that is
 * `undefined`), or call `toJSON`, when reading would drop a key, or when the data are deeper than a payload may be. Live data must
 * have no cycle. The outermost object may be of any class whose own properties are the data, as `request.session` is.
 */
export function copyPlain (live: object): Payload | null {
  if (!isBag(live)) return null
  const copy = plainMembers(live as Payload, 1)
  return copy === NOT_PLAIN ? null : copy as Payload
}

// Not an array, a Map, a Date or the like, nor what has a `toJSON`.
function isBag (live: object): boolean {
  return Object.prototype.toString.call(live) === '[object Object]' && typeof (live as { toJSON?: unknown }).toJSON !== 'function'
}

const NOT_PLAIN = Symbol('not plain')

function plainOf (value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string': case 'boolean': return value
    // JSON writes -0 as 0, and so does the addition.
    case 'number': return Number.isFinite(value) ? value + 0 : NOT_PLAIN
    case 'object': break
    default: return NOT_PLAIN
  }
  if (value === null) return null
  if (depth > MAX_DEPTH) return NOT_PLAIN
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return plainMembers(value as Payload, depth)
  return prototype === Array.prototype ? plainItems(value as unknown[], depth) : NOT_PLAIN
}

function plainMembers (live: Payload, depth: number): unknown {
  const copy: Payload = {}
  // `for…in` makes no array of keys, which would be one for each object of a payload.
  for (const key in live) {
    const member = live[key]
    // JSON leaves such a member out, and what is inherited.
    if (member === undefined || !Object.hasOwn(live, key)) continue
    const value = plainOf(member, depth + 1)
    // To assign to `copy.__proto__` would set the prototype. Reading drops some values of `constructor`.
    if (value === NOT_PLAIN || key === '__proto__' || key === 'constructor') return NOT_PLAIN
    copy[key] = value
  }
  return copy
}

function plainItems (items: readonly unknown[], depth: number): unknown {
  // Properties beside the items, which JSON drops. A hole is found below.
  if (Object.keys(items).length !== items.length) return NOT_PLAIN
  const copy: unknown[] = []
  for (let index = 0; index < items.length; index++) {
    const value = plainOf(items[index], depth + 1)
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
