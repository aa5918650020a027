import { unexpected } from '../../tools/check-options.ts'
import { mastersOf, nodeName, type RedisClient, sender } from './client.ts'

const MOST_KEYS_PER_SCAN = 1_000
const LEAST_KEYS_PER_SCAN = 10
/** After so many a page ends as it is, though it may not be full: a store of other things must not hold up the call. */
const MOST_SCANS_PER_PAGE = 100
const START = '0'
const CURSOR = /^\d{1,20}$/

export interface Scanned {
  /** As the server has them, with `keyPrefix`. */
  readonly names: string[]
  /** Where to go on; `null` at the end. */
  readonly cursor: string | null
}

/** Between two pages: the master, its cursor, and names that the page before had no room for. */
type Place = readonly [node: string, position: string, ...left: string[]]

/**
 * Up to `limit` names that match, found by SCAN on one master after the other.
 *
 * What SCAN promises: a key that is there from the first page to the last is found; one that comes or goes meanwhile may
 * be. A key may be found twice while the server resizes its table, or while a cluster moves slots.
 */
export async function scanPage (client: RedisClient, pattern: string, { limit, cursor }: { limit: number, cursor: string | null }): Promise<Scanned> {
  const nodes = await masters(client)
  let [node, position, ...left] = cursor === null ? [nodeName(nodes[0]!), START] : placeOf(cursor)
  const names = new Set(left.splice(0, limit))
  let count = Math.min(Math.max(LEAST_KEYS_PER_SCAN, limit), MOST_KEYS_PER_SCAN)
  for (let scans = 0; node !== END && left.length === 0 && names.size < limit && scans < MOST_SCANS_PER_PAGE; scans++) {
    // A node that has gone since is over; the rest is scanned.
    const at = nodes.findIndex(other => nodeName(other) === node)
    const room = limit - names.size
    let [next, found] = at === -1 ? [START, []] : await scan(nodes[at]!, position, pattern, count)
    // Too many for this page: again with a smaller step, so that few names go into the cursor.
    if (found.length > room && count > room) [next, found] = await scan(nodes[at]!, position, pattern, room)
    const fresh = found.filter(name => !names.has(name))
    for (const name of fresh.slice(0, room)) names.add(name)
    left = fresh.slice(room)
    position = next
    if (found.length === 0) count = Math.min(2 * count, MOST_KEYS_PER_SCAN)
    if (position === START) node = nodes.map(nodeName).find(name => name > node) ?? END
  }
  const isOver = node === END && left.length === 0
  return { names: [...names], cursor: isOver ? null : placeText([node, position, ...left]) }
}

/** All names that match, in batches; in no order, and now and then twice. */
export async function * scanAll (client: RedisClient, pattern: string): AsyncGenerator<string[]> {
  for (const node of await masters(client)) {
    let position = START
    do {
      const [next, names] = await scan(node, position, pattern, MOST_KEYS_PER_SCAN)
      position = next
      if (names.length > 0) yield names
    } while (position !== START)
  }
}

/** After all nodes: only names are left. */
const END = '~'

async function scan (node: RedisClient, position: string, pattern: string, count: number): Promise<[string, string[]]> {
  const [next, names] = await sender(node, 'scan')(position, 'MATCH', pattern, 'COUNT', count) as [string | number, string[]]
  return [`${next}`, names]
}

// A cluster that was never asked anything has not connected, and knows no masters.
async function masters (client: RedisClient): Promise<RedisClient[]> {
  if (mastersOf(client).length === 0) await sender(client, 'get')('')
  return mastersOf(client).sort((a, b) => nodeName(a).localeCompare(nodeName(b)))
}

function placeText (place: Place): string { return JSON.stringify(place) }

function placeOf (cursor: string): Place {
  try {
    const place = JSON.parse(cursor) as unknown[]
    if (place.length >= 2 && place.every(part => typeof part === 'string') && CURSOR.test(place[1] as string)) return place as unknown as Place
  } catch {}
  throw unexpected('list.cursor', 'the cursor of an earlier page', cursor)
}
