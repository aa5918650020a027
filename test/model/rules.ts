import type { SessionLifetime } from '../../types/index.d.ts'
import { SECOND, type Settings } from './settings.ts'
import type { Data, Value } from './steps.ts'

// The rules of the contract about values and times, each as one function of its arguments.

/** A lifetime that a session has for itself. Times in milliseconds; what is left out follows the options. */
export interface Policy { readonly idle?: number, readonly absolute?: number | null, readonly persistent?: boolean }

export interface Times { readonly createdAt: number, readonly lastUse: number, readonly policy: Policy | null }

/** Section 3, `setLifetime`: each call replaces what an earlier call said. */
export function policyOf ({ idleTimeout, absoluteTimeout, persistent }: SessionLifetime): Policy {
  return {
    ...(idleTimeout !== undefined && { idle: Number(idleTimeout) * SECOND }),
    ...(absoluteTimeout !== undefined && { absolute: absoluteTimeout === null ? null : Number(absoluteTimeout) * SECOND }),
    ...(persistent !== undefined && { persistent })
  }
}

export function idleOf (policy: Policy | null, { idleMs }: Settings): number { return policy?.idle ?? idleMs }

export function isPersistent (policy: Policy | null, { persistent }: Settings): boolean { return policy?.persistent ?? persistent }

/** Section 3, `expiresAt`: the nearer of the two deadlines. */
export function deadlineOf ({ createdAt, lastUse, policy }: Times, settings: Settings): number {
  const absolute = policy?.absolute === undefined ? settings.absoluteMs : policy.absolute
  return Math.min(lastUse + idleOf(policy, settings), absolute === null ? Infinity : createdAt + absolute)
}

/** Section 2, `renewAfter`: the deadline is extended once that share of the idle timeout has passed, if it moves at all. */
export function isRenewalDue (times: Times, now: number, settings: Settings): boolean {
  const hasPassed = now - times.lastUse >= settings.renewAfter * idleOf(times.policy, settings)
  return hasPassed && deadlineOf({ ...times, lastUse: now }, settings) > deadlineOf(times, settings)
}

/** The same text as JSON. Inside of values the order of keys counts. */
export function isSame (one: unknown, other: unknown): boolean { return JSON.stringify(one) === JSON.stringify(other) }

/** Section 4.3: unchanged sessions are never written. The order of the session's own keys is no change. */
export function isSameData (one: Data, other: Data): boolean {
  return [...keysOf(one, other)].every(key => isSame(one[key], other[key]))
}

/** Section 4.2: no data and no subject. */
export function isEmpty ({ data, subject }: { data: Data, subject: string | null }): boolean {
  return subject === null && Object.keys(data).length === 0
}

export function isPlain (value: unknown): value is Data { return typeof value === 'object' && value !== null && !Array.isArray(value) }

/**
 * Section 5.1: changes of different paths are both kept; of what both changed, the later commit (mine) wins. Plain objects are
 * joined key by key, and a key that either side assigned an object counts as one value.
 */
export function mergeData (base: Data, mine: Data, theirs: Data, isAssigned: (key: string) => boolean): Data {
  const merged: Data = {}
  for (const key of keysOf(theirs, mine, base)) {
    const value = mergeValue(base[key], mine[key], theirs[key], isAssigned(key))
    if (value !== undefined) merged[key] = value
  }
  return merged
}

function mergeValue (
  base: Value | undefined, mine: Value | undefined, theirs: Value | undefined, isWhole: boolean
): Value | undefined {
  if (isSame(mine, base)) return theirs
  if (isSame(theirs, base)) return mine
  const canJoin = !isWhole && isPlain(base) && isPlain(mine) && isPlain(theirs)
  return canJoin ? mergeData(base, mine, theirs, () => false) : mine
}

/** Section 5.1: subject and lifetime policy count as one key each. */
export function mergeOne<T> (base: T, mine: T, theirs: T): T { return isSame(mine, base) ? theirs : mine }

function keysOf (...all: Data[]): Set<string> { return new Set(all.flatMap(data => Object.keys(data))) }
