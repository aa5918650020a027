/** A payload as a plain object. */
export type Payload = Record<string, unknown>

/** Whether two values are stored alike. */
export type IsSame = (value: unknown, other: unknown) => boolean

/** What one request did to a payload, by top-level key. */
export interface Changes {
  /** Values added or replaced. */
  readonly set: Readonly<Payload>
  readonly removed: readonly string[]
  /** Everything that was there was dropped first, whatever others added meanwhile. */
  readonly cleared: boolean
}

/**
 * What turned `base` into `current`. After `clear()` every present key counts as set, and every other one as dropped.
 * A change deep inside a value is a change of its key.
 */
export function diff (base: Readonly<Payload>, current: Readonly<Payload>, isSame: IsSame, cleared = false): Changes {
  const isChanged = (key: string) => cleared || !Object.hasOwn(base, key) || !isSame(current[key], base[key])
  return {
    set: pick(current, Object.keys(current).filter(isChanged)),
    removed: Object.keys(base).filter(key => !Object.hasOwn(current, key)),
    cleared
  }
}

/** Applies changes to a fresher payload; neither argument is changed. */
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
