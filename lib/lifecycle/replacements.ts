/*
 * A record does not say how it came about. For its own writes the process remembers to which keys an object was assigned, so that
 * a request which changed the former object in place does not put its changes into an object that they were not made for.
 */

/**
 * A request seldom lasts longer than so many writes of the process. They are kept in rings: objects that live as long, and then go,
 * would be what the garbage collector likes least.
 */
const MAX_REPLACEMENTS = 1_000

/** The versions that were written. Versions are random, so that registrations do not meet; no version is 0. */
const versions = new Float64Array(MAX_REPLACEMENTS)
/** The versions that stood before. */
const former = new Float64Array(MAX_REPLACEMENTS)
/** The keys to which the writes assigned objects. */
const NO_KEYS: ReadonlySet<string> = new Set()
const assignedKeys = new Array<ReadonlySet<string>>(MAX_REPLACEMENTS).fill(NO_KEYS)
let next = 0

const NEVER = (): boolean => false

/** @param assigned the objects that were assigned, by key */
export function noteReplacement (before: number, version: number, assigned: ReadonlyMap<string, object> | undefined): void {
  versions[next] = version
  former[next] = before
  assignedKeys[next] = assigned === undefined || assigned.size === 0 ? NO_KEYS : new Set(assigned.keys())
  next = (next + 1) % MAX_REPLACEMENTS
}

/** Whether a key was assigned an object between two versions, as far as the process knows. */
export function replacedBetween (base: number, version: number): (key: string) => boolean {
  const sets: Array<ReadonlySet<string>> = []
  for (let at = versions.indexOf(version); version !== base && at !== -1; at = versions.indexOf(version)) {
    if (assignedKeys[at]!.size > 0) sets.push(assignedKeys[at]!)
    version = former[at]!
  }
  return sets.length === 0 ? NEVER : key => sets.some(keys => keys.has(key))
}
