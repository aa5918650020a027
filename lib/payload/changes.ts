import { MAX_DEPTH } from '../record/depth.ts'

/** The data of a session, as a plain object. */
export type Payload = Record<string, unknown>

/** Where a value stands in a payload: the keys from the outermost object on. */
export type Path = readonly string[]

/**
 * Whether two values of parsed payloads would be stored as the same text; `undefined` stands for an absent value.
 *
 * @param key the outermost key under which both stand: a serializer may treat each key in its own way
 */
export type IsSame = (value: unknown, other: unknown, key: string) => boolean

/** The change of a value; `undefined` stands for an absent value. */
export interface Change {
  readonly base: unknown
  readonly mine: unknown
  /** Where a plain object was changed in place: the changes of its members. `null` for a change of the whole value. */
  readonly inside: Changes | null
}

/** The changes that a request made to an object, by key. */
export type Changes = ReadonlyMap<string, Change>

const NONE: Changes = new Map()
const NEVER = (): boolean => false

/**
 * The changes that turned `base` (the payload as loaded) into `mine`, found in one walk. Plain objects are compared member by
 * member, at any depth. An array is one value, and so is everything else.
 *
 * @param isAssigned whether a key was assigned a new object: the object is one value, too
 * @example
 * diff({ a: 1, b: { c: 2 } }, { a: 1, b: { c: 3 } }, Object.is)
 * // { b: { base: { c: 2 }, mine: { c: 3 }, inside: { c: { base: 2, mine: 3, inside: null } } } }, as maps
 */
export function diff (
  base: Readonly<Payload>, mine: Readonly<Payload>, isSame: IsSame, isAssigned: (key: string) => boolean = NEVER
): Changes {
  const changeOf = (key: string, before: unknown, after: unknown): Change | null => {
    return isAssigned(key) ? changeOfValue(before, after, isSame, key) : changeInside(before, after, isSame, key, 2)
  }
  return changesOfMembers(base, mine, changeOf) ?? NONE
}

function changesOfMembers (
  base: Readonly<Payload>, mine: Readonly<Payload>, changeOf: (key: string, before: unknown, after: unknown) => Change | null
): Changes | null {
  let changes: Map<string, Change> | null = null
  for (const key of differingKeys(base, mine)) {
    const change = changeOf(key, memberOf(base, key), memberOf(mine, key))
    if (change !== null) (changes ??= new Map()).set(key, change)
  }
  return changes
}

/** @param depth how deep the value stands; a serializer of the application may even make objects that contain themselves */
function changeInside (base: unknown, mine: unknown, isSame: IsSame, outermost: string, depth: number): Change | null {
  if (!isPlain(base) || !isPlain(mine) || depth > MAX_DEPTH) return changeOfValue(base, mine, isSame, outermost)
  const changeOf = (_key: string, before: unknown, after: unknown) => changeInside(before, after, isSame, outermost, depth + 1)
  const inside = changesOfMembers(base, mine, changeOf)
  return inside === null ? null : { base, mine, inside }
}

function changeOfValue (base: unknown, mine: unknown, isSame: IsSame, outermost: string): Change | null {
  return isSame(base, mine, outermost) ? null : { base, mine, inside: null }
}

/**
 * The keys under which two objects do not hold one and the same value: first those of `mine`, then those that only `base` has. Without
 * `__proto__`: to assign to `object.__proto__` would set a prototype. What JSON is parsed to has no such key here; what a serializer of
 * the application makes may have.
 */
export function differingKeys (base: Readonly<Payload>, mine: Readonly<Payload>): string[] {
  const keys: string[] = []
  let common = 0
  for (const key of Object.keys(mine)) {
    const value = mine[key]
    if (base[key] === value && value !== undefined) {
      common++
      continue
    }
    if (Object.hasOwn(base, key)) common++
    keys.push(key)
  }
  const baseKeys = Object.keys(base)
  if (common < baseKeys.length) for (const key of baseKeys) if (!Object.hasOwn(mine, key)) keys.push(key)
  return keys.includes('__proto__') ? keys.filter(key => key !== '__proto__') : keys
}

/** Whether a value is an object that is merged member by member: no array, and no instance of a class. */
export function isPlain (value: unknown): value is Payload {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The own member of an object; `undefined` where there is none. */
export function memberOf (object: Readonly<Payload>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
