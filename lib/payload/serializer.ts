import sjson from 'secure-json-parse'
import type { SessionSerializer } from '../../types/index.d.ts'
import type { Payload } from './changes.ts'
import { SessionSerializationError } from '../errors.ts'
import { copyPlain } from './tree.ts'

/** A payload as text, and as JSON.parse would make it of that, if that is known: `null` when only parsing can tell. */
export interface Written {
  readonly text: string
  readonly tree: Payload | null
}

/**
 * JSON. Text with `__proto__`, or with a `constructor` that has a `prototype`, loses those keys on the way in.
 * What JSON would drop or change in silence (a function, a Map, NaN …) is refused on the way out.
 */
export const jsonSerializer: SessionSerializer = {
  serialize: data => writeJson(data).text,
  deserialize: text => isHarmless(text) ? JSON.parse(text) : sjson.parse(text, { protoAction: 'remove', constructorAction: 'remove' })
}

/** Throws `SessionSerializationError`. */
export function writeJson (data: object): Written {
  // The payload itself has no say: this would be stored in its place.
  if (hasOwnForm(data)) throw new SessionSerializationError('session.toJSON', 'is a function')
  let cause: unknown
  try {
    const text = JSON.stringify(data)
    // JSON.stringify came to an end, so there is no cycle to run into from here on.
    const tree = isHarmless(text) && problemOfObject(data) === null ? copyPlain(data) : null
    if (tree !== null || isFaithful(data)) return { text, tree }
  } catch (error) {
    cause = error
  }
  throw refusal(data) ?? new SessionSerializationError('session', 'is not JSON', { cause })
}

// Almost every text: a key that could pollute is spelt out, or with an escape. Saves half of the time of reading.
function isHarmless (text: string): boolean {
  return !text.includes('__proto__') && !text.includes('constructor') && !text.includes('\\')
}

// For what is not plain: true means that JSON keeps all there is. Which value it is, is asked only when not.
function isFaithful (value: unknown): boolean {
  switch (typeof value) {
    case 'string': case 'boolean': case 'undefined': return true
    case 'number': return Number.isFinite(value)
    case 'object': break
    default: return false
  }
  if (value === null) return true
  if (problemOfObject(value) !== null) return false
  if (hasOwnForm(value)) return true
  if (Array.isArray(value)) return value.every(isFaithful)
  // Twice as quick as Object.keys(); inherited keys, which JSON does not see, are told apart only where it matters.
  for (const key in value) {
    if (!isFaithful((value as Record<string, unknown>)[key]) && Object.hasOwn(value, key)) return false
  }
  return true
}

// An object that says itself what it looks like in JSON (a Date, a URL, an ObjectId) has been asked already.
function hasOwnForm (value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

function problemOfObject (value: object): string | null {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return null
  if (hasOwnForm(value)) return null
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  const isPlain = ['Object', 'Array', 'String', 'Number', 'Boolean'].includes(kind)
  return isPlain ? null : `is a ${kind}, which JSON does not keep`
}

/** Finds the value that cannot be stored and says where it is. */
function refusal (root: object): SessionSerializationError | null {
  const parents = new Set<object>()
  const visit = (value: unknown, path: string): SessionSerializationError | null => {
    const problem = problemOf(value, parents)
    if (problem !== null) return new SessionSerializationError(path, problem)
    if (typeof value !== 'object' || value === null || hasOwnForm(value)) return null
    parents.add(value)
    for (const [key, member] of Object.entries(value)) {
      const found = visit(member, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`)
      if (found) return found
    }
    parents.delete(value)
    return null
  }
  try {
    return visit(root, 'session')
  } catch (cause) {
    return new SessionSerializationError('session', 'is nested too deeply, or has a getter that throws', { cause })
  }
}

function problemOf (value: unknown, parents: ReadonlySet<object>): string | null {
  switch (typeof value) {
    case 'bigint': return 'is a BigInt, which JSON does not keep'
    case 'function': return 'is a function'
    case 'symbol': return 'is a symbol'
    case 'number': return Number.isFinite(value) ? null : `is ${value}, which JSON does not keep`
    case 'object':
      if (value === null) return null
      return parents.has(value) ? 'refers back to an object that contains it' : problemOfObject(value)
    default: return null
  }
}
