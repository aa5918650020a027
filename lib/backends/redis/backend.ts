import type { FastifyBaseLogger } from 'fastify'
import type { BackendContext, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { optionsCheck, unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { isRecord } from '../../record/record.ts'
import { isId } from '../../record/ids.ts'
import { decodeRecord, deadlinesText, encodeRecord, instantText, versionText } from '../../record/record-text.ts'
import { assertClient, assertOpen, type RedisClient, sender } from './client.ts'
import { Keys } from './keys.ts'
import { Listing } from './listing.ts'
import { ABSENT, ANY, INDEX_FIRST, type Scripts, scriptsOn, WRITTEN } from './scripts.ts'
import { indexedAfter, SubjectIndex, subjectText } from './subjects.ts'

export interface RedisBackendOptions {
  /** What all keys begin with. @default 'session:' */
  prefix?: string
}

const DEFAULT_PREFIX = 'session:'
const NEVER_USED = '0'.repeat(64)
const REMOVED = '0'
/** Refused for good: no rights, or no or another password. */
const REFUSED = /^(?:NOPERM|NOAUTH|WRONGPASS)|can't run this command|ERR unknown command/

const checkOptions = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: { prefix: { description: 'a string with at least one character', type: 'string', minLength: 1, default: DEFAULT_PREFIX } }
})

/**
 * Sessions in Redis 6.0 or later, or Valkey: one server, Sentinel or a cluster, through an ioredis client (5 or 6) that
 * the application makes and closes. Atomic; a session goes by itself at its deadline, so `removeExpired` has nothing to do.
 *
 * | key | type | content |
 * |---|---|---|
 * | `<prefix><id>` | string | a session, as `lib/record/record-text.ts` writes it |
 * | `<prefix>subject:<hash>` | sorted set | ids of a subject's sessions, by when they are dropped |
 *
 * For a property other than `session`, `<prefix><property>:` stands in the place of `<prefix>`.
 *
 * | method | commands | round trips |
 * |---|---|---|
 * | `read` | `GET` | 1 |
 * | `exists` | `GETRANGE key 0 255` | 1 |
 * | `write` | `EVALSHA`: `GETRANGE`, then `SET … PX`, or `UNLINK`, or on a conflict `GET` | 1 |
 * | `write` of a subject's new session | `EVALSHA`: `ZREMRANGEBYSCORE`, `ZSCORE`, `ZADD`, `PTTL`, `PEXPIRE`; then the above | 2 |
 * | `write` that moves a subject's session into the next hour | the write, the index, the write | 3 |
 * | `touch` | `EVALSHA`: `GETRANGE`, `SETRANGE`, `PEXPIRE`; with a subject the index before | 1, 2 |
 * | `remove` | `UNLINK` | 1 |
 * | `list`, `count` of a subject | `ZRANGE`, then `GET` for each | 2 |
 * | `list`, `count` | `SCAN … MATCH … COUNT` on each master, then `GET` or `GETRANGE` for each | |
 * | `removeAll` | `SCAN`, `UNLINK` | |
 * | `removeSubject` | `ZRANGE`, then `EVALSHA` for each: `GETRANGE`, `SET … PX` | 2 |
 *
 * A server that does not know a script gets it by `EVAL`, with one more round trip. So the rights a user needs are
 * `~<prefix>* +get +getrange +setrange +set +unlink +pexpire +pttl +zadd +zscore +zrange +zremrangebyscore +eval +evalsha +scan`,
 * and what ioredis needs itself: `+info`, version 6 `+hello`, in a cluster `+cluster`.
 *
 * What it does not do: protect sessions from eviction (`maxmemory-policy noeviction` does; an evicted index hides
 * sessions from `removeSubject`), or from a failover that loses what the replica had not got. `removeAll` ends what is
 * stored when it comes by; a session that is stored meanwhile may stay. `list` has what SCAN promises: a session that is
 * there throughout is listed, and twice only while the server resizes its table; a page may hold fewer than `limit`.
 * A key of another type in a session's place counts as no session, and is replaced when one is stored there.
 * It does not listen to the client's `error` event: the application does.
 */
export class RedisBackend implements SessionBackend {
  readonly atomic = true
  readonly #client: RedisClient
  readonly #prefix: string
  readonly #now: () => number
  readonly #log: FastifyBaseLogger | undefined
  readonly #keys: Keys
  readonly #scripts: Scripts
  readonly #index: SubjectIndex
  readonly #listing: Listing
  readonly #get: ReturnType<typeof sender>
  readonly #unlink: ReturnType<typeof sender>
  #hasWarned = false

  /**
   * @param client `new Redis(…)` or `new Cluster(…)` of ioredis, of the master; not closed with the sessions
   * @throws InvalidOptionsError
   */
  constructor (client: RedisClient, options: RedisBackendOptions = {}, binding?: Pick<BackendContext, 'property' | 'now' | 'log'>) {
    assertClient(client)
    checkOptions(options, 'RedisBackend')
    const { prefix = DEFAULT_PREFIX } = options
    if (!prefix.isWellFormed()) throw unexpected('RedisBackend.prefix', 'well-formed text', prefix, 'it has half of a surrogate pair')
    this.#client = client
    this.#prefix = prefix
    this.#now = binding?.now ?? Date.now
    this.#log = binding?.log
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

  /** @throws InvalidOptionsError where the client was closed, or its user may not do what is needed */
  async prepare (): Promise<void> {
    assertOpen(this.#client)
    const key = this.#keys.session(NEVER_USED)
    try {
      await this.#get(key)
      // Changes nothing: no record has this version.
      await this.#scripts.write(key, instantText(0), 'none', 'none', '', REMOVED, '', '')
    } catch (error) {
      const { message } = error as Error
      if (!REFUSED.test(message)) throw error
      throw new InvalidOptionsError(`The Redis server refuses what RedisBackend needs (${message.slice(0, message.indexOf(' '))}); give the user the rights that the class names`)
    }
  }

  async read (id: string): Promise<SessionRecord | null> {
    return isId(id) ? await this.#read(id) : null
  }

  async write (id: string, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    assertStorable(id, record)
    const { subject, expiresAt } = record
    const isIndexed = subject !== null && expiresAt > this.#now()
    // What is new is not indexed yet; of the rest, the script knows.
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

  /** @returns 0: the server drops what has expired */
  removeExpired (_options: { limit?: number }): number { return 0 }

  removeAll (): Promise<void> { return this.#listing.removeAll() }

  removeSubject (subject: string, { except }: { except?: string }): Promise<number> { return this.#index.end(subject, except) }

  async #read (id: string): Promise<SessionRecord | null> {
    let text: unknown
    try {
      text = await this.#get(this.#keys.session(id))
    } catch (error) {
      if (!isWrongType(error)) throw error
      return this.#warn()
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
    return decodeRecord(id, text) ?? this.#warn()
  }

  // Once, and without what is there.
  #warn (): null {
    if (!this.#hasWarned) this.#log?.warn(`a key that starts with ${JSON.stringify(this.#prefix)} holds something that is no session; it counts as absent`)
    this.#hasWarned = true
    return null
  }
}

// Scripts do not roll back: what the server would refuse must not be half done.
function assertStorable (id: string, record: SessionRecord): void {
  if (!isId(id) || !isRecord(record)) throw new TypeError('RedisBackend stores records under ids of 64 hex digits')
}

/** Relative, since servers have clocks of their own. */
function ttlOf ({ expiresAt }: SessionRecord, now: number): number { return Math.max(1, Math.floor(expiresAt - now)) }

function nowText (now: number): string { return instantText(Math.floor(now)) }

function isWrongType (error: unknown): boolean { return (error as Error).message.startsWith('WRONGTYPE') }
