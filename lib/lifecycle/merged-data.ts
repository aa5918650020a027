import type { OnConflict } from '../../types/index.d.ts'
import { type Changes, diff, memberOf, type Path } from '../payload/changes.ts'
import type { PayloadCodec, Stored } from '../payload/codec.ts'
import { type Conflict, mergeChanges } from '../payload/merge.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { replacedBetween } from './replacements.ts'

/** The data that a request wants stored. */
export interface Mine extends Snapshot {
  /** Whether `clear()` was called before. */
  readonly isCleared: boolean
  /** The objects that the application assigned to keys since the payload was loaded or stored, by key. */
  readonly assigned: ReadonlyMap<string, object>
}

export interface MergeOptions {
  readonly codec: PayloadCodec
  readonly onConflict: OnConflict
}

/** Merged data, and where changes of theirs were lost. */
export interface MergedData {
  readonly snapshot: Snapshot
  readonly overwritten: readonly Path[]
}

/**
 * Mine on top of theirs, by path. Throws what `onConflict` throws, and `SessionSerializationError` for an answer of it which cannot
 * be stored.
 */
export function mergedData ({ codec, onConflict }: MergeOptions, base: Stored, theirs: Stored, mine: Mine): MergedData {
  const overwritten: Path[] = []
  let isAnswered = false
  const resolve = ({ path, base, mine, theirs }: Conflict): unknown => {
    if (typeof onConflict === 'function') {
      isAnswered = true
      return onConflict({ path, base: codec.own(base), mine: codec.own(mine), theirs: codec.own(theirs) })
    }
    overwritten.push(path)
    return mine
  }
  const isReplaced = replacedBetween(base.record.version, theirs.record.version)
  const data = mergeChanges(changesOf(base, mine, codec), codec.parsed(theirs), { isSame: codec.isSame, isReplaced, resolve })
  // Only an answer of the application can have a value which cannot be stored.
  return { snapshot: isAnswered ? codec.write(data) : codec.joined(data), overwritten }
}

/** After `clear()` nothing of theirs stays. */
export function clearedData (codec: PayloadCodec, base: Stored, theirs: Stored, mine: Mine): MergedData {
  const data = codec.parsed(mine)
  const changes = [...diff(codec.parsed(base), codec.parsed(theirs), codec.isSame)]
  const lost = changes.filter(([key, { mine: value }]) => !codec.isSame(memberOf(data, key), value, key))
  return { snapshot: mine, overwritten: lost.map(([key]) => [key]) }
}

/** A draft is merged again with each try, and its changes stay the same. */
const knownChanges = new WeakMap<Mine, Changes>()

function changesOf (base: Stored, mine: Mine, codec: PayloadCodec): Changes {
  const known = knownChanges.get(mine)
  if (known !== undefined) return known
  const changes = diff(codec.parsed(base), codec.parsed(mine), codec.isSame, key => mine.assigned.has(key))
  // Values of a serializer of the application are handed to `onConflict` as they are: the next try needs them untouched.
  if (base.tree !== null && mine.tree !== null) knownChanges.set(mine, changes)
  return changes
}
