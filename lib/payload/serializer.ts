import sjson from 'secure-json-parse'
import type { SessionSerializer } from '../../types/index.d.ts'
import type { Payload } from './changes.ts'
import { SessionSerializationError } from '../errors.ts'
import { isTooDeep, refusal, TOO_DEEP } from './refusal.ts'
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
 * JSON would drop or change in silence (a function, a Map, a Date, NaN …).
 */
export const jsonSerializer: SessionSerializer = {
  serialize: data => writeJson(data).text,
  deserialize: text => isHarmless(text) ? JSON.parse(text) : sjson.parse(text, { protoAction: 'remove', constructorAction: 'remove' })
}

/** Throws `SessionSerializationError`, see lib/payload/refusal.ts. */
export function writeJson (data: object): Snapshot {
  const text = textOf(data)
  // JSON.stringify came to an end, so there is no cycle to run into from here on.
  const tree = copyPlain(data)
  if (tree !== null) return { text, tree }
  const problem = refusal(data)
  if (problem !== null) throw problem
  if (isTooDeep(text)) throw new SessionSerializationError('session', TOO_DEEP)
  return { text, tree: null }
}

function textOf (data: object): string {
  try {
    return JSON.stringify(data)
  } catch (cause) {
    throw refusal(data) ?? new SessionSerializationError('session', 'is not JSON', { cause })
  }
}

// True for almost every text: a key which could pollute is spelt out, or with an escape. Saves half of the time of reading.
function isHarmless (text: string): boolean {
  return !text.includes('__proto__') && !text.includes('constructor') && !text.includes('\\')
}
