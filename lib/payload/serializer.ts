import sjson from 'secure-json-parse'
import type { SessionSerializer } from '../../types/index.d.ts'
import type { Payload } from './changes.ts'
import { SessionSerializationError } from '../errors.ts'
import { copyPlain } from './tree.ts'

/** A payload at a moment. */
export interface Snapshot {
  /** The payload as the serializer writes it. */
  readonly text: string
  /** The payload as JSON.parse would read it from `text`, shared and never changed; `null` where only parsing can tell. */
  readonly tree: Payload | null
}

/** A snapshot of a tree, which is made text when the text is asked for. */
export function snapshotOf (tree: Payload): Snapshot { return new TreeSnapshot(tree) }

class TreeSnapshot implements Snapshot {
  readonly tree: Payload
  #text: string | undefined

  constructor (tree: Payload) {
    this.tree = tree
  }

  get text (): string { return (this.#text ??= JSON.stringify(this.tree)) }
}

/**
 * JSON. Reading drops the key `__proto__`, and `constructor` where its value has a `prototype`. Writing refuses values which
 * JSON would drop or change in silence (a function, a Map, NaN …).
 */
export const jsonSerializer: SessionSerializer = {
  serialize: data => writeJson(data).text,
  deserialize: text => isHarmless(text) ? JSON.parse(text) : sjson.parse(text, { protoAction: 'remove', constructorAction: 'remove' })
}

/** Throws `SessionSerializationError`. */
export function writeJson (data: object): Snapshot {
  // A `toJSON` of the payload itself would store its answer in place of the data.
  if (hasOwnForm(data)) throw new SessionSerializationError('session.toJSON', 'is a function')
  let cause: unknown
  try {
    const text = JSON.stringify(data)
    // JSON.stringify came to an end, so there is no cycle to run into from here on.
    const tree = isHarmless(text) && problemOfObject(data) === null ? copyPlain(data) : null
    if (tree !== null || isFaithful(data, '')) return { text, tree }
  } catch (error) {
    cause = error
  }
  throw refusal(data) ?? new SessionSerializationError('session', 'is not JSON', { cause })
}

// True for almost every text: a key which could pollute is spelt out, or with an escape. Saves half of the time of reading.
function isHarmless (text: string): boolean {
  return !text.includes('__proto__') && !text.includes('constructor') && !text.includes('\\')
}

// For values which are not plain: true means that JSON keeps everything. Only where it is false, `refusal` finds the value.
function isFaithful (value: unknown, key: string): boolean {
  switch (typeof value) {
    case 'string': case 'boolean': case 'undefined': return true
    case 'number': return Number.isFinite(value)
    case 'object': break
    default: return false
  }
  if (value === null) return true
  if (problemOfObject(value) !== null) return false
  if (hasOwnForm(value)) return !isLeftOut(value, key)
  if (Array.isArray(value)) return value.every((item, index) => isFaithful(item, `${index}`))
  // Twice as quick as Object.keys(). Inherited keys, which JSON does not see, are told apart only where it matters.
  for (const key in value) {
    if (!isFaithful((value as Record<string, unknown>)[key], key) && Object.hasOwn(value, key)) return false
  }
  return true
}

interface OwnForm { toJSON (key: string): unknown }

// An object with a `toJSON` of its own: a Date, a URL, an ObjectId.
function hasOwnForm (value: object): value is OwnForm {
  return typeof (value as Partial<OwnForm>).toJSON === 'function'
}

// JSON.stringify drops a key whose `toJSON` answers with nothing, and writes null in an array: both would go unnoticed.
function isLeftOut (value: OwnForm, key: string): boolean {
  return ['undefined', 'function', 'symbol'].includes(typeof value.toJSON(key))
}

function problemOfObject (value: object): string | null {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return null
  if (hasOwnForm(value)) return null
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  const isPlain = ['Object', 'Array', 'String', 'Number', 'Boolean'].includes(kind)
  return isPlain ? null : `is a ${kind}, which JSON does not keep`
}

/** Finds the value which cannot be stored, and its path. */
function refusal (root: object): SessionSerializationError | null {
  const parents = new Set<object>()
  const visit = (value: unknown, key: string, path: string): SessionSerializationError | null => {
    const problem = problemOf(value, key, parents)
    if (problem !== null) return new SessionSerializationError(path, problem)
    if (typeof value !== 'object' || value === null || hasOwnForm(value)) return null
    parents.add(value)
    for (const [key, member] of Object.entries(value)) {
      const found = visit(member, key, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`)
      if (found) return found
    }
    parents.delete(value)
    return null
  }
  try {
    return visit(root, '', 'session')
  } catch (cause) {
    return new SessionSerializationError('session', 'is nested too deeply, or has a getter that throws', { cause })
  }
}

function problemOf (value: unknown, key: string, parents: ReadonlySet<object>): string | null {
  switch (typeof value) {
    case 'bigint': return 'is a BigInt, which JSON does not keep'
    case 'function': return 'is a function'
    case 'symbol': return 'is a symbol'
    case 'number': return Number.isFinite(value) ? null : `is ${value}, which JSON does not keep`
    case 'object':
      if (value === null) return null
      if (parents.has(value)) return 'refers back to an object that contains it'
      return problemOfObject(value) ?? problemOfOwnForm(value, key)
    default: return null
  }
}

function problemOfOwnForm (value: object, key: string): string | null {
  try {
    return hasOwnForm(value) && isLeftOut(value, key) ? 'has a toJSON() that returns nothing, so that JSON would leave it out' : null
  } catch {
    // JSON.stringify met the same error, and its error is the answer.
    return null
  }
}
