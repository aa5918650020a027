import { createHash } from 'node:crypto'
import type { BackendContext, SessionBackend, SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { BackendUnavailableError, NotSupportedError } from '../../errors.ts'
import { MAIN_PROPERTY, warnOnce } from '../conventions.ts'
import { Generations } from './generations.ts'
import { assertFits, Items, type Spot, type Standing } from './items.ts'
import { Links } from './link.ts'
import { checkOptions, DEFAULT_MAX_ITEM_BYTES, DEFAULT_PREFIX, type MemcachedBackendOptions, type MemcachedClient } from './options.ts'
import { Opcode, refusal, Status } from './protocol.ts'
import { encodeValue } from './value.ts'

const PLAIN_NAME = /^[\w$.-]{1,60}$/
const MAX_KEY_BYTES = 250
const VISIBLE = /^[!-~]+$/
/** An attempt fails when a parallel request changes the item between the look-up and the change. */
const MAX_TRIES = 20

/** What `bind` hands to the backend of one registration. */
type Binding = Pick<BackendContext, 'property' | 'now' | 'log'>

/**
 * Sessions in memcached. The application makes and closes the client, which is memjs 1.3. Atomic. The server drops
 * expired sessions, so that `removeExpired` has nothing to do.
 *
 *     const backend = new MemcachedBackend(Client.create('host1:11211,host2:11211'), { prefix: 'shop:' })
 *
 * | operation | commands (binary protocol) | round trips |
 * |---|---|---|
 * | read, exists | GETK session, GETK generation | 1 |
 * | write of a session which this process has read or written before | GETK generation, SET with its CAS unique | 1 |
 * | any other write of a stored session | as read, then GETK generation, SET with its CAS unique | 2 |
 * | write of a new session | GETK generation, ADD | 1 |
 * | write of an expired record | as write, with DELETE in the place of SET | 1 or 2 |
 * | touch | as read, then GETK generation, SET with the CAS unique | 2 |
 * | remove | DELETE | 1 |
 * | removeAll | SET generation on each server | 1 |
 *
 * A *generation* is a random text on each server; `removeAll` ends the sessions of a server by a new generation.
 *
 * `touch` replaces the whole value. The command TOUCH would move the expiration of the server, but not the deadlines inside
 * the record, and the deadlines inside decide.
 *
 * Not guaranteed:
 *
 * - A session may be lost before its deadline: by a restart, or by a server short of memory. A lost session is no session,
 *   and never an error (`docs/security.md C159`).
 * - While a server is down, the sessions on this server are unavailable (503). Sessions on the rest of the servers are not
 *   affected.
 * - A change of the list of servers loses sessions, and may bring back ended sessions: restart or flush the servers then.
 *
 * There is no `list`, no `count` and no `removeSubject`, since the server could drop any index.
 */
export class MemcachedBackend implements SessionBackend {
  readonly atomic = true
  readonly #client: MemcachedClient
  readonly #prefix: string
  readonly #maxItemBytes: number
  readonly #place: string
  readonly #now: () => number
  readonly #links: Links
  readonly #generations: Generations
  readonly #items: Items

  /**
   * @param client a client of memjs 1.3, without its option `failover`. The backend never closes the client.
   * @throws InvalidOptionsError for a different client, for unknown options and for values out of range
   */
  constructor (client: MemcachedClient, options: MemcachedBackendOptions = {}, binding?: Binding) {
    checkOptions(client, options)
    const { prefix = DEFAULT_PREFIX, maxItemBytes = DEFAULT_MAX_ITEM_BYTES } = options
    const { property = MAIN_PROPERTY, now = Date.now, log } = binding ?? {}
    this.#client = client
    this.#prefix = prefix
    this.#maxItemBytes = maxItemBytes
    this.#place = prefix + (property === MAIN_PROPERTY ? '' : `${keyPart(property)}:`)
    this.#now = now
    this.#links = new Links(client)
    this.#generations = new Generations(this.#place)
    const garbage = 'something in Memcached under the key of a session is no session and counts as none; this is said once'
    this.#items = new Items({ generations: this.#generations, now, onGarbage: warnOnce(log, garbage) })
  }

  /** A registration with a property other than `session` has the property in its keys. */
  bind ({ property, now, log }: BackendContext): MemcachedBackend {
    return new MemcachedBackend(this.#client, { prefix: this.#prefix, maxItemBytes: this.#maxItemBytes }, { property, now, log })
  }

  /**
   * Asks every server for its generation.
   *
   * @throws BackendUnavailableError when a server does not answer
   */
  async prepare (): Promise<void> {
    const answers = await Promise.allSettled(this.#links.all().map(async link => await link.ask(this.#generations.question)))
    const failures = answers.filter(answer => answer.status === 'rejected')
    if (failures.length === 0) return
    const problem = `${failures.length} of ${answers.length} Memcached servers do not answer`
    throw new BackendUnavailableError(problem, { cause: failures[0]!.reason })
  }

  /** The host and port of the server which holds the session; `null` where the client has a single server. */
  serverOf (id: string): string | null {
    const key = this.#keyOf(id)
    return key === null ? null : this.#links.nameOf(key)
  }

  /**
   * @throws BackendUnavailableError when the client mixes up answers, and for a session stored by a newer version of this
   * library
   */
  async read (id: string): Promise<SessionRecord | null> {
    const spot = this.#spot(id)
    return spot && (await this.#items.find(spot)).record
  }

  async exists (id: string): Promise<boolean> {
    return await this.read(id) !== null
  }

  /**
   * @throws SessionTooLargeError before any command is sent: memcached would refuse the value, and delete the stored session
   * @throws BackendUnavailableError after 20 attempts which all met a change by a parallel request
   */
  async write (
    id: string, record: SessionRecord, expectedVersion?: number, context?: WriteContext
  ): Promise<string | SessionRecord | null> {
    const spot = this.#spot(id)
    if (spot === null) throw new NotSupportedError('MemcachedBackend', 'an id that is no key of memcached')
    // ADD itself tests that no item is stored. Without an expected version, and for an expired record, a look-up must tell.
    const mustLook = expectedVersion === undefined || (expectedVersion === 0 && record.expiresAt <= this.#now())
    let standing = mustLook ? null : this.#items.guess(spot, expectedVersion)
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      if (standing === null) {
        const found = await this.#items.find(spot)
        const version = found.record?.version ?? 0
        if (version === record.version) return id
        if (expectedVersion !== undefined && version !== expectedVersion) return found.record
        standing = found
      }
      if (await this.#replace(spot, standing, record, context)) return id
      standing = null
    }
    throw new BackendUnavailableError(`The session was changed ${MAX_TRIES} times while it was written`)
  }

  /** Replaces the item by an item of the same version and new deadlines. */
  async touch (id: string, { version, lastAccessedAt, expiresAt }: SessionRecord): Promise<boolean | null> {
    const spot = this.#spot(id)
    if (spot === null) return false
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      const found = await this.#items.find(spot)
      if (found.record === null) return false
      if (found.record.version !== version) return null
      if (found.record.lastAccessedAt > lastAccessedAt) return true
      if (await this.#replace(spot, found, { ...found.record, lastAccessedAt, expiresAt })) return true
    }
    // Other requests have touched the session 20 times meanwhile: a further renewal would make no difference.
    return true
  }

  async remove (id: string): Promise<void> {
    const spot = this.#spot(id)
    if (spot === null) return
    spot.link.seen.delete(spot.key)
    const [answer] = await spot.link.send({ opcode: Opcode.DELETE, key: spot.key })
    if (answer.header.status > Status.NOT_FOUND) throw refusal(answer)
  }

  /** @returns 0, since the server itself drops expired items */
  removeExpired (): number { return 0 }

  /**
   * Begins a new generation on every server, also after a server has failed.
   *
   * @throws BackendUnavailableError when a server failed: the sessions on this server may live on
   */
  async removeAll (): Promise<void> {
    const answers = await Promise.allSettled(this.#links.all().map(link => this.#generations.renew(link)))
    const failure = answers.find(answer => answer.status === 'rejected')
    if (failure === undefined) return
    throw new BackendUnavailableError('The sessions of a Memcached server could not be revoked', { cause: failure.reason })
  }

  /** Removes the guards from the client, which stays open. A later call of the backend puts them on again. */
  close (): void { this.#links.release() }

  async #replace (spot: Spot, standing: Standing, record: SessionRecord, context?: WriteContext): Promise<boolean> {
    if (record.expiresAt <= this.#now()) return await this.#items.drop(spot, standing)
    const generation = standing.generation ?? await this.#generations.begin(spot.link)
    const value = { record, generation }
    const bytes = encodeValue(value)
    assertFits(bytes.length, this.#maxItemBytes, context)
    return await this.#items.store(spot, standing.cas, value, bytes)
  }

  /** The key and the server of a session; `null` for an id which is no key of memcached: memjs would send the id, and hang. */
  #spot (id: string): Spot | null {
    const key = this.#keyOf(id)
    return key === null ? null : { id, key, link: this.#links.of(key) }
  }

  #keyOf (id: string): string | null {
    const key = this.#place + id
    return VISIBLE.test(id) && key.length <= MAX_KEY_BYTES ? key : null
  }
}

// A key must be short and without spaces, while a property may have any name: an unfit name is hashed.
function keyPart (property: string): string {
  return PLAIN_NAME.test(property) ? property : createHash('sha256').update(property).digest('base64url')
}
