import type { ListFilter, ListPage, SessionRecord } from '../../../types/index.d.ts'
import { DEADLINES_AT, INSTANT_CHARS, instantText } from '../../record/record-text.ts'
import { DEFAULT_PAGE, ignoreNewer } from '../conventions.ts'
import { hasKey, type IndexKey, isListed, type KeyFilter, keysIn } from '../index-keys.ts'
import { inBatches, isWrongType, keyPrefixOf, type RedisClient, sender } from './client.ts'
import type { Keys } from './keys.ts'
import { scanAll, scanPage } from './scan.ts'
import type { Entry, SessionIndex } from './session-index.ts'
import type { RedisSessions } from './sessions.ts'

/** Enough for the header of nearly every session, and for few bytes of the payload. */
const HEAD_BYTES = 256
const HEAD = /^1 [0-9a-z]{10} [0-9a-z]{9} /

interface Parts {
  readonly keys: Keys
  readonly now: () => number
  readonly index: SessionIndex
  readonly sessions: RedisSessions
}

/**
 * Lists, counts and removes the sessions of a registration. Each session takes a command of its own: a cluster has no MGET
 * or UNLINK across slots.
 */
export class Listing {
  readonly #client: RedisClient
  readonly #parts: Parts
  readonly #head: ReturnType<typeof sender>

  constructor (client: RedisClient, parts: Parts) {
    this.#client = client
    this.#parts = parts
    this.#head = sender(client, 'getrange')
  }

  async page ({ limit = DEFAULT_PAGE, cursor, ...filter }: ListFilter): Promise<ListPage<SessionRecord>> {
    const [key] = keysIn(filter)
    if (key !== undefined) return await this.#pageOf(key, filter, limit, cursor ?? '')
    const keyPrefix = keyPrefixOf(this.#client)
    const pattern = this.#parts.keys.sessionPattern(keyPrefix)
    const { names, cursor: next } = await scanPage(this.#client, pattern, { limit, cursor: cursor ?? null })
    return { sessions: await this.#records(this.#ids(names)), cursor: next }
  }

  async count (filter: KeyFilter): Promise<number> {
    const [key] = keysIn(filter)
    if (key !== undefined) return (await this.#recordsOf(key, filter, await this.#parts.index.entries(key))).length
    // A set, since SCAN may find a key twice.
    const counted = new Set<string>()
    for await (const names of scanAll(this.#client, this.#parts.keys.sessionPattern(keyPrefixOf(this.#client)))) {
      await inBatches(this.#ids(names), async id => { if (await this.#isLive(id)) counted.add(id) })
    }
    return counted.size
  }

  /** Each session takes its own id out of the indexes. An index as a whole must stay: see `SessionIndex`. */
  async removeAll (): Promise<void> {
    for await (const names of scanAll(this.#client, this.#parts.keys.sessionPattern(keyPrefixOf(this.#client)))) {
      await inBatches(this.#ids(names), id => this.#parts.sessions.remove(id))
    }
  }

  /** Whether an unexpired record is stored under this id. A tombstone counts. */
  async isThere (id: string): Promise<boolean> {
    return isUnexpired(await this.#headOf(id), this.#parts.now())
  }

  // Pages in order of id: a session stored or removed between two pages neither hides a session nor repeats one.
  async #pageOf (key: IndexKey, filter: KeyFilter, limit: number, cursor: string): Promise<ListPage<SessionRecord>> {
    const entries = (await this.#parts.index.entries(key)).filter(({ id }) => id > cursor)
    const sessions: SessionRecord[] = []
    for (let start = 0; start < entries.length && sessions.length <= limit; start += limit) {
      sessions.push(...await this.#recordsOf(key, filter, entries.slice(start, start + limit)))
    }
    const page = sessions.slice(0, limit)
    return { sessions: page, cursor: sessions.length > limit ? page.at(-1)!.id : null }
  }

  async #records (ids: readonly string[]): Promise<SessionRecord[]> {
    return (await inBatches(ids, id => this.#read(id))).filter(found => isListedRecord(found, {}))
  }

  /** The listed sessions among the entries of a key. The entries of ended sessions go, so that no later call reads them. */
  async #recordsOf (key: IndexKey, filter: KeyFilter, entries: readonly Entry[]): Promise<SessionRecord[]> {
    const found = await inBatches(entries, ({ id }) => this.#read(id))
    const isStale = (record: typeof found[number]): boolean => record === null || (record !== 'newer' && !hasKey(record, key))
    const stale = entries.filter(({ isYoung }, n) => !isYoung && isStale(found[n]!))
    await this.#parts.index.drop(key, stale.map(({ id }) => id))
    return found.filter(record => isListedRecord(record, filter))
  }

  async #isLive (id: string): Promise<boolean> {
    const head = await this.#headOf(id)
    if (!isUnexpired(head, this.#parts.now())) return false
    const end = head.indexOf('\n')
    if (end !== -1 && end < head.length - 1) return true
    // The whole text is here, and no payload follows the header: a tombstone.
    if (Buffer.byteLength(head) < HEAD_BYTES) return false
    return isListedRecord(await this.#read(id), {})
  }

  async #read (id: string): Promise<SessionRecord | 'newer' | null> {
    return await this.#parts.sessions.read(id).catch(ignoreNewer)
  }

  async #headOf (id: string): Promise<string> {
    try {
      return await this.#head(this.#parts.keys.session(id), 0, HEAD_BYTES - 1) as string
    } catch (error) {
      if (isWrongType(error)) return ''
      throw error
    }
  }

  #ids (names: readonly string[]): string[] {
    return names.map(name => this.#parts.keys.idOf(name, keyPrefixOf(this.#client))).filter(id => id !== null)
  }
}

function isListedRecord (found: SessionRecord | 'newer' | null, filter: KeyFilter): found is SessionRecord {
  return found !== null && found !== 'newer' && isListed(found, filter)
}

/** Whether the start of a stored text belongs to a record which has not expired: a session or a tombstone. */
function isUnexpired (head: string, now: number): boolean {
  return HEAD.test(head) && head.slice(DEADLINES_AT, DEADLINES_AT + INSTANT_CHARS) > instantText(Math.floor(now))
}
