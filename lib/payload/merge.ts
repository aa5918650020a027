import { type Change, type Changes, type IsSame, isPlain, memberOf, type Path, type Payload } from './changes.ts'

/** A value that both sides changed, each in its own way; `undefined` stands for an absent value. */
export interface Conflict {
  readonly path: Path
  readonly base: unknown
  readonly mine: unknown
  readonly theirs: unknown
}

export interface MergeRules {
  readonly isSame: IsSame
  /** Whether the other side assigned a new object to a key: only the whole of an assigned object is kept, or nothing. */
  readonly isReplaced: (key: string) => boolean
  /** The value to keep of what both sides changed; `undefined` to keep none. */
  readonly resolve: (conflict: Conflict) => unknown
}

/**
 * The three-way merge: the changes of a request (from base to mine) on top of the payload that is stored by now (theirs). What
 * only one side changed is as that side has it; a value that both changed alike is no conflict.
 *
 * The time is linear in the changes, and in the members of the objects that hold them. No argument is changed; the result shares
 * what was not changed with `theirs`.
 *
 * @example
 * const changes = diff({ basket: { tea: 1 } }, { basket: { tea: 1, jam: 1 } }, isSame)
 * mergeChanges(changes, { basket: { tea: 1, bread: 1 } }, rules) // { basket: { tea: 1, bread: 1, jam: 1 } }
 */
export function mergeChanges (changes: Changes, theirs: Readonly<Payload>, rules: MergeRules): Payload {
  return new Merge(rules).members(changes, theirs)
}

class Merge {
  readonly #rules: MergeRules
  /** Where the walk stands. */
  readonly #path: string[] = []

  constructor (rules: MergeRules) {
    this.#rules = rules
  }

  members (changes: Changes, theirs: Readonly<Payload>): Payload {
    const merged = { ...theirs }
    for (const [key, change] of changes) {
      this.#path.push(key)
      const value = this.#value(change, memberOf(theirs, key))
      this.#path.pop()
      if (value === undefined) delete merged[key]
      else merged[key] = value
    }
    return merged
  }

  #value (change: Change, theirs: unknown): unknown {
    const { base, mine, inside } = change
    const { isSame, isReplaced, resolve } = this.#rules
    if (base === theirs) return mine
    const outermost = this.#path[0]!
    // Not compared as a whole first: each level would look at all that is below.
    if (inside !== null && isPlain(theirs) && !isReplaced(outermost)) return this.members(inside, theirs)
    if (isSame(base, theirs, outermost)) return mine
    return isSame(mine, theirs, outermost) ? theirs : resolve({ path: [...this.#path], base, mine, theirs })
  }
}
