import { dataOf, empty, fill, writeKey } from '../payload/bag.ts'
import type { Payload } from '../payload/changes.ts'
import type { PayloadCodec } from '../payload/codec.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { show } from '../payload/show.ts'

/** What a commit stored, or wanted to store. */
interface Sent extends Snapshot {
  /** The objects that the application had assigned until then, by key. */
  readonly assigned: ReadonlyMap<string, object>
}

const NONE_ASSIGNED: ReadonlyMap<string, object> = new Map()

/** The objects under keys of `data` that are not those of `before`, by key. */
export function assignedObjects (data: Payload, before: Payload): ReadonlyMap<string, object> {
  let assigned: Map<string, object> | null = null
  for (const key in data) {
    const value = data[key]
    if (typeof value !== 'object' || value === null || value === before[key] || !Object.hasOwn(data, key)) continue
    assigned ??= new Map()
    assigned.set(key, value)
  }
  return assigned ?? NONE_ASSIGNED
}

/**
 * The live data: own properties of `bag`, which the application holds, and data under names of members (lib/payload/bag.ts).
 * Nothing tracks changes; but an object that was changed in place is still the object which was handed out, and an object that was
 * assigned is not.
 */
export class Live {
  readonly bag: Payload
  /** What the application was given under each key: at the load, or by the last commit. */
  #handedOut: Payload

  /** @param data the data that `bag` shows; kept, so that the caller must not change the keys any more */
  constructor (bag: Payload, data: Payload) {
    this.bag = bag
    this.#handedOut = data
  }

  get assigned (): ReadonlyMap<string, object> { return assignedObjects(dataOf(this.bag), this.#handedOut) }

  clear (): void { empty(this.bag) }

  replace (data: Payload): void {
    this.clear()
    fill(this.bag, data)
    this.#handedOut = data
  }

  /** Shows the stored payload, but not where the application has changed something since what was `sent` was taken. */
  refresh (sent: Sent, stored: Snapshot, codec: PayloadCodec): void {
    const handedOut = this.#handedOut
    for (const [key, object] of sent.assigned) handedOut[key] = object
    if (stored.text === sent.text) return
    const assigned = this.assigned
    // A copy, since a property of the bag must not hide a member. What changes inside of values changes in the bag.
    show({ ...dataOf(this.bag) }, codec.parsed(sent), codec.parsed(stored), {
      isSame: codec.isSame,
      isStoredAs: codec.isStoredAs,
      own: codec.own,
      isAssigned: key => assigned.has(key),
      onShown: (key, value) => {
        handedOut[key] = value
        writeKey(this.bag, key, value)
      }
    })
  }
}
