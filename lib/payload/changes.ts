/** The data of a session, as a plain object. */
export type Payload = Record<string, unknown>

/** Whether the stored texts of two values are equal. */
export type IsSame = (value: unknown, other: unknown) => boolean

/** The changes that a request made to a payload, by top-level key. */
export interface Changes {
  /** The values that were added or replaced. */
  readonly set: Readonly<Payload>
  readonly removed: readonly string[]
  /** Whether `clear()` was called: keys that other requests added meanwhile go too. */
  readonly cleared: boolean
}

/**
 * The changes that turned `base` (the payload as loaded) into `current` (mine, in terms of a merge). A change deep inside a
 * value is a change of the top-level key. With `cleared`, every present key counts as set.
 *
 * @example
 * diff({ a: 1, b: 2 }, { a: 1, c: 3 }, Object.is) // { set: { c: 3 }, removed: ['b'], cleared: false }
 */
export function diff (base: Readonly<Payload>, current: Readonly<Payload>, isSame: IsSame, cleared = false): Changes {
  const isChanged = (key: string) => cleared || !Object.hasOwn(base, key) || !isSame(current[key], base[key])
  return {
    set: pick(current, Object.keys(current).filter(isChanged)),
    removed: Object.keys(base).filter(key => !Object.hasOwn(current, key)),
    cleared
  }
}

/** The merge: changes (mine) applied to a payload that was read later (theirs). Neither argument is changed. */
export function apply (changes: Changes, fresh: Readonly<Payload>): Payload {
  if (changes.cleared) return { ...changes.set }
  const merged = { ...fresh }
  for (const key of changes.removed) delete merged[key]
  return { ...merged, ...changes.set }
}

export function isUnchanged ({ set, removed, cleared }: Changes): boolean {
  return !cleared && removed.length === 0 && Object.keys(set).length === 0
}

function pick (source: Readonly<Payload>, keys: readonly string[]): Payload {
  return Object.fromEntries(keys.map(key => [key, source[key]]))
}
