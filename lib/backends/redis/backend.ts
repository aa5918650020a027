import type {
  BackendContext, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord, SessionWatch, WatchOptions
} from '../../../types/index.d.ts'
import { hide } from '../../tools/missing-methods.ts'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { isId } from '../../record/ids.ts'
import { instantText } from '../../record/record-text.ts'
import { backendOptionsCheck, warnOnce } from '../conventions.ts'
import type { KeyFilter } from '../index-keys.ts'
import { assertClient, assertOpen, failoverProblem, keyPrefixOf, masterOf, type RedisClient } from './client.ts'
import { Keys } from './keys.ts'
import { Listing } from './listing.ts'
import { REMOVED, type Scripts, scriptsOn } from './scripts.ts'
import { SessionIndex } from './session-index.ts'
import { RedisSessions } from './sessions.ts'
import { isTrackable, trackerOf } from './tracker.ts'
import type { TrackableClient } from './tracking.ts'

export interface RedisBackendOptions {
  /** The start of all keys: well-formed text of at least one character. @default 'session:' */
  prefix?: string
}

const DEFAULT_PREFIX = 'session:'
/** An id which no session has. */
const NEVER_USED = '0'.repeat(64)
/** Errors which trying again does not mend: a right or a command is missing, or the password is missing or wrong. */
const REFUSED = /^(?:NOPERM|NOAUTH|WRONGPASS)|can't run this command|ERR unknown command/
const NOT_TRACKED = 'the Redis server does not tell this user what changes, so that nothing is watched; give the user ' +
  '`+client|id +client|tracking +subscribe +ping` and the channel `&__redis__:invalidate`'

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
 * | `<prefix>subject:<hash>` | sorted set | ids of a subject's sessions, with the scores of `lib/backends/redis/scores.ts` |
 * | `<prefix>label:<hash>` | sorted set | the same for a label |
 *
 * A registration with a property other than `session` has `<prefix><property>:` in the place of `<prefix>`.
 *
 * | method | commands | round trips |
 * |---|---|---|
 * | `read` | `GET` | 1 |
 * | `exists` | `GETRANGE key 0 255` | 1 |
 * | `write` | `EVALSHA`: `GETRANGE`, then `SET … KEEPTTL` or `SET … PX`, or `UNLINK`, or on a conflict `GET` | 1 |
 * | `write` of a subject's new session | `EVALSHA`: `ZREMRANGEBYSCORE`, `ZSCORE`, `ZADD`, `PTTL`, `PEXPIRE`; then the write | 2 |
 * | `write` of a subject's stored session | the index and the write side by side | 1 |
 * | the same, where the deadline moves into the next hour | the index and the write side by side, the write again | 2 |
 * | `touch` | `EVALSHA`: `GETRANGE`, `SETRANGE`, `PEXPIRE`; with a subject, first the index | 1, 2 |
 * | `remove` | `EVALSHA`: `GETRANGE`, `UNLINK` | 1 |
 * | the end of a subject's session, by any of these | also `GET` in the script; afterwards, for nobody to wait, `ZREM` | 1 |
 * | `list`, `count` of a subject | `ZRANGE`, then `GET` for each; `ZREM` of those that have ended | 2, 3 |
 * | `list`, `count` | `SCAN … MATCH … COUNT` on each master, then `GET` or `GETRANGE` for each | |
 * | `removeAll` | `SCAN`, then as `remove` for each | |
 * | `removeSubject` | `ZRANGE`, then `EVALSHA` for each: `GETRANGE`, `SET … PX`; then `ZREM` | 3 |
 *
 * A server without the script receives the script by `EVAL`, which takes an additional round trip. The user of the server
 * needs these rights:
 * `~<prefix>* +get +getrange +setrange +set +unlink +pexpire +pttl +zadd +zrem +zscore +zrange +zremrangebyscore +eval +evalsha
 * +scan`.
 * The client needs `+info`, with ioredis 6 also `+hello`, and in a cluster `+cluster`. To `watch`, it needs
 * `+client|id +client|tracking +subscribe +ping` and the channel `&__redis__:invalidate`.
 *
 * Not guaranteed:
 *
 * - Sessions are not protected from eviction; `maxmemory-policy noeviction` protects them. `removeSubject` misses the
 *   sessions of an evicted index.
 * - A failover loses the writes which the replica has not received. Where it loses the index entry of a session and not the
 *   session, `removeSubject` misses the session until its next write or renewal.
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
  readonly #log: BackendContext['log'] | undefined
  readonly #keys: Keys
  readonly #scripts: Scripts
  readonly #index: SessionIndex
  readonly #sessions: RedisSessions
  readonly #listing: Listing
  readonly #warnOfRefusal: () => void

  /**
   * @param client `new Redis(…)` or `new Cluster(…)` of ioredis, connected to the master. The backend never closes the client.
   * @throws InvalidOptionsError for a client which is not ioredis on a master, and for unknown or wrong options
   */
  constructor (client: RedisClient, options: RedisBackendOptions = {}, binding?: Pick<BackendContext, 'property' | 'now' | 'log'>) {
    assertClient(client)
    checkOptions(options, 'RedisBackend')
    const { prefix = DEFAULT_PREFIX } = options
    if (!prefix.isWellFormed()) throw unexpected('RedisBackend.prefix', 'well-formed text', prefix, 'it has half of a surrogate pair')
    if (!isTrackable(client)) hide(this, 'watch')
    this.#client = client
    this.#prefix = prefix
    this.#now = binding?.now ?? Date.now
    this.#log = binding?.log
    const start = JSON.stringify(prefix)
    const garbage = `a key that starts with ${start} holds something that is no session; it counts as absent`
    this.#keys = new Keys(prefix, binding?.property)
    this.#scripts = scriptsOn(client)
    const parts = { keys: this.#keys, scripts: this.#scripts, now: this.#now }
    this.#index = new SessionIndex(client, parts)
    this.#sessions = new RedisSessions(client, { ...parts, index: this.#index, onGarbage: warnOnce(binding?.log, garbage) })
    this.#warnOfRefusal = warnOnce(binding?.log, NOT_TRACKED)
    this.#listing = new Listing(client, { keys: this.#keys, now: this.#now, index: this.#index, sessions: this.#sessions })
  }

  bind ({ property, now, log }: BackendContext): RedisBackend {
    return new RedisBackend(this.#client, { prefix: this.#prefix }, { property, now, log })
  }

  /**
   * Tries a read and a script on a key which no session has. Warns of a client which a frozen master would hold up.
   *
   * @throws InvalidOptionsError where the client is closed, or where its user lacks a right or has no valid password
   */
  async prepare (): Promise<void> {
    assertOpen(this.#client)
    const problem = failoverProblem(this.#client)
    if (problem !== null) this.#log?.warn(problem)
    const key = this.#keys.session(NEVER_USED)
    try {
      await this.#sessions.read(NEVER_USED)
      // Changes nothing: no record has the expected version `none`.
      await this.#scripts.write(key, instantText(0), 'none', 'none', '', REMOVED, '', '')
      await this.#index.probe(NEVER_USED)
    } catch (error) {
      const { message } = error as Error
      if (!REFUSED.test(message)) throw error
      const code = message.slice(0, message.indexOf(' '))
      const refusal = `The Redis server refuses what RedisBackend needs (${code})`
      throw new InvalidOptionsError(`${refusal}; give the user the rights that the class names`)
    }
  }

  /** The host and port of the master which serves the session in a cluster; `null` for a single server. */
  serverOf (id: string): string | null { return isId(id) ? masterOf(this.#client, this.#keys.session(id)) : null }

  /** Over one connection of its own for each client. Not on a cluster, where the method is missing. */
  watch (listener: (id: string | null) => void, options?: WatchOptions): SessionWatch {
    const space = { start: keyPrefixOf(this.#client) + this.#keys.space, onRefusal: this.#warnOfRefusal }
    return trackerOf(this.#client as TrackableClient).watch(space, listener, options)
  }

  read (id: string): Promise<SessionRecord | null> {
    return isId(id) ? this.#sessions.read(id) : Promise.resolve(null)
  }

  /** The reads leave together, and a cluster serves each at its own master. */
  async readMany (ids: readonly string[]): Promise<Array<SessionRecord | null>> {
    return await Promise.all(ids.map(id => this.read(id)))
  }

  write (id: string, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    return this.#sessions.write(id, record, expectedVersion)
  }

  async touch (id: string, record: SessionRecord): Promise<boolean | null> {
    return isId(id) && await this.#sessions.touch(id, record)
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await this.#sessions.remove(id)
  }

  async exists (id: string): Promise<boolean> {
    return isId(id) && await this.#listing.isThere(id)
  }

  list (filter: ListFilter): Promise<ListPage<SessionRecord>> { return this.#listing.page(filter) }

  count (filter: KeyFilter): Promise<number> { return this.#listing.count(filter) }

  /** @returns 0, since the server itself drops expired sessions */
  removeExpired (_options: { limit?: number }): number { return 0 }

  removeAll (): Promise<void> { return this.#listing.removeAll() }

  removeSubject (subject: string, options: RemoveOptions): Promise<number> {
    return this.#index.end({ kind: 'subject', value: subject }, options)
  }

  removeLabel (label: string, options: RemoveOptions): Promise<number> {
    return this.#index.end({ kind: 'label', value: label }, options)
  }
}
