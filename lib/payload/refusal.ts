import { SessionSerializationError } from '../errors.ts'
import { MAX_DEPTH } from '../record/depth.ts'

/*
 * What a session may hold is what JSON gives back as it was: text, finite numbers, booleans, null, arrays of these, and objects, whose
 * members may also be `undefined` (absent). An object with a `toJSON` of the application's own is what its `toJSON` says. Everything
 * that JSON would change or drop in silence is refused.
 */

const REMEDIES: Readonly<Record<string, string>> = {
  Date: 'store its text (toISOString()) or its number (getTime())',
  Map: 'store Object.fromEntries(map), or an array of its entries',
  Set: 'store an array of its values',
  URL: 'store its text (href)',
  URLSearchParams: 'store its text (toString())',
  RegExp: 'store its text (source)',
  BigInt: 'store its text (String(value))',
  Buffer: 'store its text (toString(\'base64\'))'
}
const OF_BYTES = 'store its bytes as text (Buffer.from(bytes).toString(\'base64\'))'
/** JSON makes the values themselves of these. */
const BOXES = ['String', 'Number', 'Boolean']

const HOLE = 'is undefined, or a hole of the array: JSON turns both into null; store null, or leave the item out'
const INDEX = /^(?:0|[1-9]\d*)$/

const BUILT_IN_FORMS: ReadonlySet<unknown> = new Set([Date.prototype.toJSON, Buffer.prototype.toJSON, URL.prototype.toJSON])

interface OwnForm { toJSON (key: string): unknown }

/** Whether an object has a `toJSON` of the application's own, or of a library: not that of a Date, a Buffer or a URL. */
export function hasOwnForm (value: object): value is OwnForm {
  const { toJSON } = value as Partial<OwnForm>
  if (typeof toJSON !== 'function' || BUILT_IN_FORMS.has(toJSON)) return false
  // A Date of another realm, or of Temporal.
  return !/^(?:Date$|Temporal\.)/.test(kindOf(value)) || !Function.prototype.toString.call(toJSON).includes('[native code]')
}

/** The error that names the value which cannot be stored, its path and the remedy; `null` where all values can be stored. */
export function refusal (root: object): SessionSerializationError | null {
  try {
    const found = rootProblem(root) ?? new Search().membersOf(root)
    return found === null ? null : new SessionSerializationError(`session${found.path}`, found.problem)
  } catch (cause) {
    return new SessionSerializationError('session', 'has a getter or a toJSON() that throws', { cause })
  }
}

interface Found {
  readonly path: string
  readonly problem: string
}

export const TOO_DEEP = `is nested too deeply: ${MAX_DEPTH} levels are the most, the session itself counted`

// A `toJSON` of the payload itself would store its answer in place of the data.
function rootProblem (root: object): Found | null {
  if (hasOwnForm(root)) return { path: '.toJSON', problem: 'is a function' }
  const problem = problemOfKind(root)
  return problem === null ? null : { path: '', problem }
}

class Search {
  /** The objects on the way to where the search stands. */
  readonly #parents = new Set<object>()

  membersOf (value: object): Found | null {
    this.#parents.add(value)
    const isArray = Array.isArray(value)
    for (const key of isArray ? keysOfArray(value) : Object.keys(value)) {
      const found = this.#find((value as Record<string, unknown>)[key], key, isArray)
      if (found === null) continue
      const path = isArray ? `[${key}]` : `.${key}`
      // The whole way down to the limit would help nobody.
      return { path: found.problem === TOO_DEEP ? path : path + found.path, problem: found.problem }
    }
    this.#parents.delete(value)
    return null
  }

  #find (value: unknown, key: string, isItem: boolean): Found | null {
    const problem = typeof value === 'object' && value !== null ? this.#problemOfObject(value, key) : problemOfScalar(value, isItem)
    if (problem !== null) return { path: '', problem }
    return typeof value !== 'object' || value === null || hasOwnForm(value) ? null : this.membersOf(value)
  }

  #problemOfObject (value: object, key: string): string | null {
    if (this.#parents.has(value)) return 'refers back to an object that contains it'
    if (this.#parents.size === MAX_DEPTH) return TOO_DEEP
    if (hasOwnForm(value)) return isLeftOut(value, key) ? 'has a toJSON() that returns nothing, so that JSON would leave it out' : null
    return Array.isArray(value) ? problemOfArray(value) : problemOfKind(value)
  }
}

function problemOfScalar (value: unknown, isItem: boolean): string | null {
  switch (typeof value) {
    case 'bigint': return notKept('a BigInt', 'BigInt')
    case 'function': return 'is a function'
    case 'symbol': return 'is a symbol'
    case 'undefined': return isItem ? HOLE : null
    case 'number': return Number.isFinite(value) ? null : `is ${value}, which JSON does not keep: store null, or nothing`
    default: return null
  }
}

function problemOfArray (items: readonly unknown[]): string | null {
  const extra = Object.keys(items).find(key => !INDEX.test(key) || Number(key) >= items.length)
  if (extra === undefined) return null
  return `has the property \`${extra}\`, which JSON leaves out of an array: store an object, or a copy of the items alone`
}

function problemOfKind (value: object): string | null {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return Buffer.isBuffer(value) ? notKept('a Buffer', 'Buffer') : `${notKept(`a ${kindOf(value)}`)}: ${OF_BYTES}`
  }
  const kind = kindOf(value)
  if (kind === 'Object') return null
  if (BOXES.includes(kind)) return problemOfScalar(value.valueOf(), false)
  return notKept(`a ${kind}`, kind)
}

function notKept (what: string, kind = ''): string {
  return `is ${what}, which JSON does not keep${Object.hasOwn(REMEDIES, kind) ? `: ${REMEDIES[kind]}` : ''}`
}

function keysOfArray (items: readonly unknown[]): string[] { return Array.from(items, (_item, index) => String(index)) }

function kindOf (value: object): string { return Object.prototype.toString.call(value).slice(8, -1) }

// JSON.stringify drops a key whose `toJSON` answers with nothing, and writes null in an array: both would go unnoticed.
function isLeftOut (value: OwnForm, key: string): boolean {
  return ['undefined', 'function', 'symbol'].includes(typeof value.toJSON(key))
}

/** Whether a JSON text is nested more deeply than a payload may be: the answer of a `toJSON` is seen in the text only. */
export function isTooDeep (text: string): boolean {
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}
