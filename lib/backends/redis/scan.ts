import { unexpected } from '../../tools/check-options.ts'
import { mastersOf, nodeName, type RedisClient, sender } from './client.ts'

const MOST_KEYS_PER_SCAN = 1_000
const LEAST_KEYS_PER_SCAN = 10
/** After 100 scans a page ends although it is not full: a server with many foreign keys must not hold up the caller. */
const MOST_SCANS_PER_PAGE = 100
const START = '0'
const CURSOR = /^\d{1,20}$/

export interface PageOptions {
  readonly limit: number
  /** The cursor of the page before; `null` for the first page. */
  readonly cursor: string | null
}

export interface Scanned {
  /** Keys as the server names them, with the client's `keyPrefix`. */
  readonly names: string[]
  /** Where the next page begins; `null` after the last page. */
  readonly cursor: string | null
}

/** The place between two pages: the master, the cursor of SCAN there, and the names for which the last page had no room. */
type Place = readonly [node: string, position: string, ...left: string[]]

/** The `node` of a place after the last master, where only names are left. */
const END = '~'

/**
 * Up to `limit` names which match the pattern, found by SCAN on each master in turn.
 *
 * A key stored from the first page to the last page is found. A key stored or removed between these pages may be found. A
 * key may be found twice while the server resizes its table, or while a cluster moves slots.
 *
 * @throws InvalidOptionsError for a cursor which is not from an earlier page
 */
export async function scanPage (client: RedisClient, pattern: string, { limit, cursor }: PageOptions): Promise<Scanned> {
  const nodes = await masters(client)
  let [node, position, ...left] = cursor === null ? [nodeName(nodes[0]!), START] : placeOf(cursor)
  const names = new Set(left.splice(0, limit))
  let count = Math.min(Math.max(LEAST_KEYS_PER_SCAN, limit), MOST_KEYS_PER_SCAN)
  for (let scans = 0; node !== END && left.length === 0 && names.size < limit && scans < MOST_SCANS_PER_PAGE; scans++) {
    // A master which has left the cluster since the last page is skipped; the scan goes on with the next master.
    const at = nodes.findIndex(other => nodeName(other) === node)
    const room = limit - names.size
    let [next, found] = at === -1 ? [START, []] : await scan(nodes[at]!, position, pattern, count)
    // Too many names for this page: scan again in a smaller step, so that few names go into the cursor.
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

/** All names which match the pattern, in batches and in no order. A name may come twice. */
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

async function scan (node: RedisClient, position: string, pattern: string, count: number): Promise<[string, string[]]> {
  const [next, names] = await sender(node, 'scan')(position, 'MATCH', pattern, 'COUNT', count) as [string | number, string[]]
  return [`${next}`, names]
}

// The client of a cluster knows no masters before its first command has made a connection.
async function masters (client: RedisClient): Promise<RedisClient[]> {
  if (mastersOf(client).length === 0) await sender(client, 'get')('')
  return mastersOf(client).sort((a, b) => nodeName(a).localeCompare(nodeName(b)))
}

function placeText (place: Place): string { return JSON.stringify(place) }

function placeOf (cursor: string): Place {
  try {
    const place: unknown = JSON.parse(cursor)
    if (isPlace(place)) return place
  } catch {}
  throw unexpected('list.cursor', 'the cursor of an earlier page', cursor)
}

function isPlace (value: unknown): value is Place {
  return Array.isArray(value) && value.length >= 2 && value.every(part => typeof part === 'string') && CURSOR.test(value[1] as string)
}
