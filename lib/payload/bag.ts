import { memberOf, type Payload } from './changes.ts'
import { RESERVED_KEYS } from './reserved.ts'

/**
 * The data under names of members, by the object that shows all other data as its own properties: there such a key would hide the
 * member. Almost no session has any.
 */
const hiddenBy = new WeakMap<Payload, Payload>()

/** All data of a session: the bag itself, or a copy where some are hidden. To be read only. */
export function dataOf (bag: Payload): Payload {
  const hidden = hiddenBy.get(bag)
  return hidden === undefined ? bag : { ...bag, ...hidden }
}

export function readKey (bag: Payload, key: string): unknown {
  const place = RESERVED_KEYS.has(key) ? hiddenBy.get(bag) : bag
  return place && memberOf(place, key)
}

/** @param key any key but `__proto__` */
export function writeKey (bag: Payload, key: string, value: unknown): void {
  const place = RESERVED_KEYS.has(key) ? hidden(bag) : bag
  if (value === undefined) delete place[key]
  else place[key] = value
}

export function fill (bag: Payload, data: Payload): void {
  for (const key in data) if (Object.hasOwn(data, key)) writeKey(bag, key, data[key])
}

export function empty (bag: Payload): void {
  for (const key of Object.keys(bag)) delete bag[key]
  hiddenBy.delete(bag)
}

function hidden (bag: Payload): Payload {
  let place = hiddenBy.get(bag)
  if (place === undefined) hiddenBy.set(bag, place = {})
  return place
}
