import { createHash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { BackendContext, SessionBackend, SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { BackendUnavailableError, NotSupportedError } from '../../errors.ts'
import { MAIN_PROPERTY } from '../conventions.ts'
import { Generations } from './generations.ts'
import { assertFits, Items, type Spot, type Standing } from './items.ts'
import { Links } from './link.ts'
import { checkOptions, DEFAULT_MAX_ITEM_BYTES, DEFAULT_PREFIX, type MemcachedBackendOptions, type MemcachedClient } from './options.ts'
import { Opcode, refusal, Status } from './protocol.ts'
import { encodeValue } from './value.ts'

const PLAIN_NAME = /^[\w$.-]{1,60}$/
const MAX_KEY_BYTES = 250
const VISIBLE = /^[!-~]+$/
/** Each try in vain means that somebody else has changed the item meanwhile. */
const MAX_TRIES = 20

/** What `bind` hands to the backend of one registration. */
type Binding = Pick<BackendContext, 'property' | 'now' | 'log'>

/**
 * Sessions in memcached, through a client of memjs that the application owns.
 *
 * | operation | commands (binary protocol) | round trips |
 * |---|---|---|
 * | read, exists | GETK session, GETK generation | 1 |
 * | write, after this process has read or written the session | GETK generation, SET with its CAS unique | 1 |
 * | write, else | as read, then as above | 2 |
 * | write of a new session | GETK generation, ADD | 1 |
 * | write of an expired record | as write, with DELETE | 1 or 2 |
 * | touch | as read, then GETK generation, SET with the CAS unique | 2 |
 * | remove | DELETE | 1 |
 * | removeAll | SET generation on each server | 1 |
 *
 * Renewal replaces the whole value: TOUCH would move the server's own expiration, but not the deadlines in the record, and
 * those decide.
 *
 * Not guaranteed: that a session lives until its deadline. A restart, or a server short of memory, loses sessions; that is
 * "no session", never an error. A server that is down makes the sessions it holds unavailable (503), and only those.
 * A changed list of servers loses sessions, and may show old ones: restart (or flush) the servers then.
 * Not there: `list`, `count`, `removeSubject`, since any index could be dropped by the server.
 */
export class MemcachedBackend implements SessionBackend {
  readonly atomic = true
  readonly #client: MemcachedClient
  readonly #prefix: string
  readonly #maxItemBytes: number
  readonly #place: string
  readonly #now: () => number
  readonly #log: FastifyBaseLogger | undefined
  readonly #links: Links
  readonly #generations: Generations
  readonly #items: Items
  #hasWarnedOfGarbage = false

  /**
   * @param client of memjs 1.3, without `failover`; never closed here
   * @throws InvalidOptionsError
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
    this.#log = log
    this.#links = new Links(client)
    this.#generations = new Generations(this.#place)
    this.#items = new Items({ generations: this.#generations, now, onGarbage: () => { this.#warnOfGarbage() } })
  }

  /** Sessions of other properties than `session` have the property in their keys. */
  bind ({ property, now, log }: BackendContext): MemcachedBackend {
    return new MemcachedBackend(this.#client, { prefix: this.#prefix, maxItemBytes: this.#maxItemBytes }, { property, now, log })
  }

  /** Asks every server; throws when one does not answer. */
  async prepare (): Promise<void> {
    const answers = await Promise.allSettled(this.#links.all().map(async link => await link.ask(this.#generations.question)))
    const failures = answers.filter(answer => answer.status === 'rejected')
    if (failures.length === 0) return
    throw new BackendUnavailableError(`${failures.length} of ${answers.length} Memcached servers do not answer`, { cause: failures[0]!.reason })
  }

  /** @throws BackendUnavailableError when what came is not to be trusted, or of a newer version of this library */
  async read (id: string): Promise<SessionRecord | null> {
    const spot = this.#spot(id)
    return spot && (await this.#items.find(spot)).record
  }

  async exists (id: string): Promise<boolean> {
    return await this.read(id) !== null
  }

  /** @throws SessionTooLargeError before anything is sent: a server deletes what it has when the new value is too large */
  async write (id: string, record: SessionRecord, expectedVersion?: number, context?: WriteContext): Promise<string | SessionRecord | null> {
    const spot = this.#spot(id)
    if (spot === null) throw new NotSupportedError('MemcachedBackend', 'an id that is no key of memcached')
    // ADD finds out whether nothing is there; an end of nothing must look.
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

  /** Replaces the item by one with the same version; see above for why not TOUCH. */
  async touch (id: string, { version, lastAccessedAt, expiresAt }: SessionRecord): Promise<boolean> {
    const spot = this.#spot(id)
    if (spot === null) return false
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      const found = await this.#items.find(spot)
      if (found.record === null) return false
      if (found.record.version !== version) return true
      if (await this.#replace(spot, found, { ...found.record, lastAccessedAt, expiresAt })) return true
    }
    // Others have touched it so often meanwhile that one more makes no difference.
    return true
  }

  async remove (id: string): Promise<void> {
    const spot = this.#spot(id)
    if (spot === null) return
    spot.link.seen.delete(spot.key)
    const [answer] = await spot.link.send({ opcode: Opcode.DELETE, key: spot.key })
    if (answer.header.status > Status.NOT_FOUND) throw refusal(answer)
  }

  /** Servers remove expired items by themselves. */
  removeExpired (): number { return 0 }

  /** Begins a new generation on every server, also when one fails; then throws, since its sessions may live on. */
  async removeAll (): Promise<void> {
    const answers = await Promise.allSettled(this.#links.all().map(link => this.#generations.renew(link)))
    const failure = answers.find(answer => answer.status === 'rejected')
    if (failure !== undefined) throw new BackendUnavailableError('The sessions of a Memcached server could not be revoked', { cause: failure.reason })
  }

  /** Leaves the client as it was; it stays open, and the backend could be used again. */
  close (): void { this.#links.release() }

  async #replace (spot: Spot, standing: Standing, record: SessionRecord, context?: WriteContext): Promise<boolean> {
    if (record.expiresAt <= this.#now()) return await this.#items.drop(spot, standing)
    const generation = standing.generation ?? await this.#generations.begin(spot.link)
    const value = { record, generation }
    const bytes = encodeValue(value)
    assertFits(bytes.length, this.#maxItemBytes, context)
    return await this.#items.store(spot, standing.cas, value, bytes)
  }

  /** `null` for an id that no item can have: memjs would send it, and hang. */
  #spot (id: string): Spot | null {
    const key = this.#place + id
    if (!VISIBLE.test(id) || key.length > MAX_KEY_BYTES) return null
    return { id, key, link: this.#links.of(key) }
  }

  #warnOfGarbage (): void {
    if (this.#hasWarnedOfGarbage) return
    this.#hasWarnedOfGarbage = true
    this.#log?.warn('something in Memcached under the key of a session is no session and counts as none; this is said once')
  }
}

// Keys must be short and without spaces; a property may be any name.
function keyPart (property: string): string {
  return PLAIN_NAME.test(property) ? property : createHash('sha256').update(property).digest('base64url')
}
