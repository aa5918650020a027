import { BoundedMap } from '../tools/bounded-map.ts'

/*
 * A record does not say how it came about. For its own writes the process remembers to which keys an object was assigned, so that
 * a request which changed the former object in place does not put its changes into an object that they were not made for.
 */

/** How a version replaced the version before. */
interface Replacement {
  readonly before: number
  readonly assigned: ReadonlySet<string>
}

/** A request seldom lasts longer than so many writes of the process. */
const MAX_REPLACEMENTS = 1_000

/** By the new version. Versions are random, so that registrations do not meet. */
const replacements = new BoundedMap<number, Replacement>(MAX_REPLACEMENTS)
const NO_KEYS: ReadonlySet<string> = new Set()
const NEVER = (): boolean => false

/** @param assigned the objects that were assigned, by key */
export function noteReplacement (before: number, version: number, assigned: ReadonlyMap<string, object> | undefined): void {
  const keys = assigned === undefined || assigned.size === 0 ? NO_KEYS : new Set(assigned.keys())
  replacements.set(version, { before, assigned: keys })
}

/** Whether a key was assigned an object between two versions, as far as the process knows. */
export function replacedBetween (base: number, version: number): (key: string) => boolean {
  const sets: Array<ReadonlySet<string>> = []
  let at = version
  for (let link = replacements.get(at); at !== base && link !== undefined; link = replacements.get(at)) {
    if (link.assigned.size > 0) sets.push(link.assigned)
    at = link.before
  }
  return sets.length === 0 ? NEVER : key => sets.some(keys => keys.has(key))
}
