import type { BackendContext, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { isRecord } from '../../record/record.ts'
import { isId } from '../../record/ids.ts'
import { decodeRecord, deadlinesText, encodeRecord, instantText, versionText } from '../../record/record-text.ts'
import { backendOptionsCheck, warnOnce } from '../conventions.ts'
import { assertClient, assertOpen, isWrongType, masterOf, type RedisClient, sender } from './client.ts'
import { Keys } from './keys.ts'
import { Listing } from './listing.ts'
import { ABSENT, ANY, INDEX_FIRST, type Scripts, scriptsOn, WRITTEN } from './scripts.ts'
import { indexedAfter, SubjectIndex, subjectText } from './subjects.ts'

export interface RedisBackendOptions {
  /** The start of all keys: well-formed text of at least one character. @default 'session:' */
  prefix?: string
}

const DEFAULT_PREFIX = 'session:'
/** An id which no session has. */
const NEVER_USED = '0'.repeat(64)
const REMOVED = '0'
/** Errors which trying again does not mend: a right or a command is missing, or the password is missing or wrong. */
const REFUSED = /^(?:NOPERM|NOAUTH|WRONGPASS)|can't run this command|ERR unknown command/

const checkOptions = backendOptionsCheck({
  prefix: { description: 'a string with at least one character', type: 'string', minLength: 1, default: DEFAULT_PREFIX }
})

/**
 * Sessions in Redis 6.0 or later, or in Valkey: a single server, Sentinel or a cluster. The application makes and closes
 * the client, which is ioredis 5 or 6. Atomic. The server drops a session at its deadline, so that `removeExpired` has
 * nothing to do.
 *
 *     const redis = new Redis(process.env.REDIS_URL)
 *     redis.on('error', error => console.error(error))
 *     const backend = new RedisBackend(redis, { prefix: 'shop:session:' })
 *
 * | key | type | content |
 * |---|---|---|
 * | `<prefix><id>` | string | a session, as `lib/record/record-text.ts` writes it |
 * | `<prefix>subject:<hash>` | sorted set | ids of a subject's sessions, scored by the time at which the id is dropped |
 *
 * A registration with a property other than `session` has `<prefix><property>:` in the place of `<prefix>`.
 *
 * | method | commands | round trips |
 * |---|---|---|
 * | `read` | `GET` | 1 |
 * | `exists` | `GETRANGE key 0 255` | 1 |
 * | `write` | `EVALSHA`: `GETRANGE`, then `SET … PX`, or `UNLINK`, or on a conflict `GET` | 1 |
 * | `write` of a subject's new session | `EVALSHA`: `ZREMRANGEBYSCORE`, `ZSCORE`, `ZADD`, `PTTL`, `PEXPIRE`; then the write | 2 |
 * | `write` which moves the deadline of a subject's session into the next hour | the write, the index, the write again | 3 |
 * | `touch` | `EVALSHA`: `GETRANGE`, `SETRANGE`, `PEXPIRE`; with a subject, first the index | 1, 2 |
 * | `remove` | `UNLINK` | 1 |
 * | `list`, `count` of a subject | `ZRANGE`, then `GET` for each | 2 |
 * | `list`, `count` | `SCAN … MATCH … COUNT` on each master, then `GET` or `GETRANGE` for each | |
 * | `removeAll` | `SCAN`, `UNLINK` | |
 * | `removeSubject` | `ZRANGE`, then `EVALSHA` for each: `GETRANGE`, `SET … PX` | 2 |
 *
 * A server without the script receives the script by `EVAL`, which takes an additional round trip. The user of the server
 * needs these rights:
 * `~<prefix>* +get +getrange +setrange +set +unlink +pexpire +pttl +zadd +zscore +zrange +zremrangebyscore +eval +evalsha +scan`.
 * The client needs `+info`, with ioredis 6 also `+hello`, and in a cluster `+cluster`.
 *
 * Not guaranteed:
 *
 * - Sessions are not protected from eviction; `maxmemory-policy noeviction` protects them. `removeSubject` misses the
 *   sessions of an evicted index.
 * - A failover loses the writes which the replica has not received.
 * - `removeAll` may miss a session stored while the scan runs.
 * - `list` and `count` rest on SCAN: a session stored throughout the scan is listed, and may be listed twice while the
 *   server resizes its table. A page may hold fewer sessions than `limit`.
 * - A key of another type under a session's name counts as no session, and the next write replaces that key.
 * - Errors of the connection are for the application: only the application listens to the client's `error` event.
 */
export class RedisBackend implements SessionBackend {
  readonly atomic = true
  readonly #client: RedisClient
  readonly #prefix: string
  readonly #now: () => number
  readonly #warn: () => void
  readonly #keys: Keys
  readonly #scripts: Scripts
  readonly #index: SubjectIndex
  readonly #listing: Listing
  readonly #get: ReturnType<typeof sender>
  readonly #unlink: ReturnType<typeof sender>

  /**
   * @param client `new Redis(…)` or `new Cluster(…)` of ioredis, connected to the master. The backend never closes the client.
   * @throws InvalidOptionsError for a client which is not ioredis on a master, and for unknown or wrong options
   */
  constructor (client: RedisClient, options: RedisBackendOptions = {}, binding?: Pick<BackendContext, 'property' | 'now' | 'log'>) {
    assertClient(client)
    checkOptions(options, 'RedisBackend')
    const { prefix = DEFAULT_PREFIX } = options
    if (!prefix.isWellFormed()) throw unexpected('RedisBackend.prefix', 'well-formed text', prefix, 'it has half of a surrogate pair')
    this.#client = client
    this.#prefix = prefix
    this.#now = binding?.now ?? Date.now
    const start = JSON.stringify(prefix)
    this.#warn = warnOnce(binding?.log, `a key that starts with ${start} holds something that is no session; it counts as absent`)
    this.#keys = new Keys(prefix, binding?.property)
    this.#scripts = scriptsOn(client)
    const parts = { keys: this.#keys, scripts: this.#scripts, now: this.#now }
    this.#index = new SubjectIndex(client, parts)
    this.#listing = new Listing(client, { keys: this.#keys, now: this.#now, index: this.#index, read: id => this.#read(id) })
    this.#get = sender(client, 'get')
    this.#unlink = sender(client, 'unlink')
  }

  bind ({ property, now, log }: BackendContext): RedisBackend {
    return new RedisBackend(this.#client, { prefix: this.#prefix }, { property, now, log })
  }

  /**
   * Tries a read and a script on a key which no session has.
   *
   * @throws InvalidOptionsError where the client is closed, or where its user lacks a right or has no valid password
   */
  async prepare (): Promise<void> {
    assertOpen(this.#client)
    const key = this.#keys.session(NEVER_USED)
    try {
      await this.#get(key)
      // Changes nothing: no record has the expected version `none`.
      await this.#scripts.write(key, instantText(0), 'none', 'none', '', REMOVED, '', '')
    } catch (error) {
      const { message } = error as Error
      if (!REFUSED.test(message)) throw error
      const code = message.slice(0, message.indexOf(' '))
      const problem = `The Redis server refuses what RedisBackend needs (${code})`
      throw new InvalidOptionsError(`${problem}; give the user the rights that the class names`)
    }
  }

  /** The host and port of the master which serves the session in a cluster; `null` for a single server. */
  serverOf (id: string): string | null { return isId(id) ? masterOf(this.#client, this.#keys.session(id)) : null }

  async read (id: string): Promise<SessionRecord | null> {
    return isId(id) ? await this.#read(id) : null
  }

  async write (id: string, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    assertStorable(id, record)
    const { subject, expiresAt } = record
    const isIndexed = subject !== null && expiresAt > this.#now()
    // A new session is in no index yet. For a stored session the script compares the deadline with the index.
    const isNew = expectedVersion === undefined || expectedVersion === 0
    if (isIndexed && isNew) await this.#index.add(subject, record)
    let answer = await this.#send(record, expectedVersion, isIndexed && !isNew)
    if (answer === INDEX_FIRST) {
      await this.#index.add(subject!, record)
      answer = await this.#send(record, expectedVersion, false)
    }
    if (answer === WRITTEN) return id
    return answer === null ? null : this.#decode(id, answer)
  }

  async touch (id: string, record: SessionRecord): Promise<boolean> {
    if (!isId(id)) return false
    assertStorable(id, record)
    if (record.subject !== null) await this.#index.add(record.subject, record)
    const now = this.#now()
    const answer = await this.#scripts.touch(this.#keys.session(id), nowText(now), versionText(record.version),
      deadlinesText(record), `${ttlOf(record, now)}`, instantText(record.lastAccessedAt))
    return Number(answer) === 1
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await this.#unlink(this.#keys.session(id))
  }

  async exists (id: string): Promise<boolean> {
    return isId(id) && await this.#listing.isThere(id)
  }

  list (filter: ListFilter): Promise<ListPage<SessionRecord>> { return this.#listing.page(filter) }

  count (filter: { subject?: string }): Promise<number> { return this.#listing.count(filter) }

  /** @returns 0, since the server itself drops expired sessions */
  removeExpired (_options: { limit?: number }): number { return 0 }

  removeAll (): Promise<void> { return this.#listing.removeAll() }

  removeSubject (subject: string, { except }: { except?: string }): Promise<number> { return this.#index.end(subject, except) }

  async #read (id: string): Promise<SessionRecord | null> {
    let text: unknown
    try {
      text = await this.#get(this.#keys.session(id))
    } catch (error) {
      if (!isWrongType(error)) throw error
      this.#warn()
      return null
    }
    if (text === null) return null
    const record = this.#decode(id, text as string)
    return record !== null && record.expiresAt > this.#now() ? record : null
  }

  async #send (record: SessionRecord, expectedVersion: number | undefined, mustBeIndexed: boolean): Promise<string | null> {
    const { id, expiresAt, subject } = record
    const now = this.#now()
    const isExpired = expiresAt <= now
    const answer = await this.#scripts.write(this.#keys.session(id),
      nowText(now),
      expectedVersion === undefined ? ANY : expectedVersion === 0 ? ABSENT : versionText(expectedVersion),
      versionText(record.version),
      isExpired ? '' : encodeRecord(record),
      isExpired ? REMOVED : `${ttlOf(record, now)}`,
      mustBeIndexed ? subjectText(subject!) : '',
      instantText(indexedAfter(expiresAt)))
    return answer === null ? null : `${answer as string | number}`
  }

  #decode (id: string, text: string): SessionRecord | null {
    const record = decodeRecord(id, text)
    if (record === null) this.#warn()
    return record
  }
}

// A script is not rolled back: input which the server would refuse half-way must not reach the script.
function assertStorable (id: string, record: SessionRecord): void {
  if (!isId(id) || !isRecord(record)) throw new TypeError('RedisBackend stores records under ids of 64 hex digits')
}

/** The time to live in ms. A point in time would be measured by the clock of the server, which may differ from ours. */
function ttlOf ({ expiresAt }: SessionRecord, now: number): number { return Math.max(1, Math.floor(expiresAt - now)) }

function nowText (now: number): string { return instantText(Math.floor(now)) }
