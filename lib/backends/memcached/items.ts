import type { SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { BackendUnavailableError, SessionTooLargeError } from '../../errors.ts'
import type { Generations } from './generations.ts'
import type { ServerLink } from './link.ts'
import { type Answer, casOf, expirationOf, Opcode, refusal, type Request, Status } from './protocol.ts'
import { decodeValue, type Value } from './value.ts'

/** Where a session is kept: the key, and the link to its server. */
export interface Spot {
  readonly id: string
  readonly key: string
  readonly link: ServerLink
}

/** The state of a key: the stored item, live or not, and the generation of the server. */
export interface Standing {
  /** The CAS unique: memcached's number of this state of the item; 0n where no item is stored. */
  readonly cas: bigint
  /** `null` where the server has no generation. */
  readonly generation: string | null
}

export interface Found extends Standing {
  /** The live record: not expired, and of the server's generation. */
  readonly record: SessionRecord | null
}

export interface ItemsOptions {
  readonly generations: Generations
  readonly now: () => number
  /** Called for a value under the key of a session which is no session. */
  readonly onGarbage: () => void
}

/** The items of sessions: looks an item up, and replaces or deletes the item by compare-and-set. */
export class Items {
  readonly #options: ItemsOptions

  constructor (options: ItemsOptions) {
    this.#options = options
  }

  /** Looks up the item and the generation, in one round trip. */
  async find ({ id, key, link }: Spot): Promise<Found> {
    const { generations, now } = this.#options
    const [answer, said] = await link.ask(lookUp(key), generations.question)
    const generation = generations.learn(link, said)
    const { value, cas } = this.#read(id, answer) ?? await this.#readAgain(id, answer, key, link)
    const isLive = value !== null && value.generation === generation && value.record.expiresAt > now()
    if (isLive) link.seen.set(key, { version: value.record.version, expiresAt: value.record.expiresAt, generation: value.generation, cas })
    else link.seen.delete(key)
    return { record: isLive ? value.record : null, cas, generation }
  }

  /** The state which this process has read or written last, if the version fits. Saves a look-up. */
  guess ({ key, link }: Spot, version: number): Standing | null {
    if (version === 0) {
      const generation = this.#options.generations.guess(link)
      return generation === null ? null : { cas: 0n, generation }
    }
    const seen = link.seen.get(key)
    return seen?.version === version && seen.expiresAt > this.#options.now() ? seen : null
  }

  /** Stores an item by ADD, or by SET with the CAS unique, in one round trip. `false` on a conflict, or where `removeAll` has run. */
  async store (spot: Spot, cas: bigint, { record, generation }: Value, bytes: Buffer): Promise<boolean> {
    const { key, link } = spot
    const expiration = expirationOf(record.expiresAt - this.#options.now())
    const opcode = cas === 0n ? Opcode.ADD : Opcode.SET
    const stored = await this.#change(spot, generation, { opcode, key, value: bytes, expiration, cas })
    if (stored !== null) link.seen.set(key, { version: record.version, expiresAt: record.expiresAt, generation, cas: casOf(stored) })
    return stored !== null
  }

  /** Deletes an item by DELETE with the CAS unique, in one round trip. `false` as for `store`. */
  async drop (spot: Spot, { cas, generation }: Standing): Promise<boolean> {
    return cas === 0n || await this.#change(spot, generation, { opcode: Opcode.DELETE, key: spot.key, cas }) !== null
  }

  // The server carries out requests in order: the generation in its answer was in force before the change.
  async #change ({ key, link }: Spot, generation: string | null, request: Request): Promise<Answer | null> {
    const { generations } = this.#options
    link.seen.delete(key)
    const [said, answer] = await link.send(generations.question, request)
    const { status } = answer.header
    // The limit of the server is below `maxItemBytes`, and the server has deleted the stored item.
    if (status === Status.TOO_LARGE) throw new SessionTooLargeError(request.value!.length, request.value!.length - 1)
    if (status > Status.EXISTS) throw refusal(answer)
    return generations.learn(link, said) === generation && status === Status.OK ? answer : null
  }

  /** The value of an answer, and its CAS unique; `null` for an item which is no record of this id. */
  #read (id: string, answer: Answer): { value: Value | null, cas: bigint } | null {
    const { status } = answer.header
    if (status === Status.NOT_FOUND) return { value: null, cas: 0n }
    if (status !== Status.OK) throw refusal(answer)
    const value = decodeValue(id, answer.val)
    return value && { value, cas: casOf(answer) }
  }

  // The same broken answer twice is a stored item of foreign origin. Two different answers show a client out of step with
  // its server, and tell nothing of the stored item.
  async #readAgain (id: string, first: Answer, key: string, link: ServerLink): Promise<{ value: Value | null, cas: bigint }> {
    const [second] = await link.ask(lookUp(key))
    const found = this.#read(id, second)
    if (found !== null) return found
    if (!second.val.equals(first.val)) {
      link.drop('a session has changed on its way')
      throw new BackendUnavailableError('Memcached gave two broken answers for one session')
    }
    this.#options.onGarbage()
    return { value: null, cas: casOf(second) }
  }
}

function lookUp (key: string): Request { return { opcode: Opcode.GETK, key } }

/** @throws SessionTooLargeError with the largest keys of the payload, measured as JSON */
export function assertFits (bytes: number, limit: number, context: WriteContext | undefined): void {
  if (bytes <= limit) return
  const sizes = Object.entries(context?.data ?? {}).map(([key, value]): [string, number] => [key, jsonBytes(key, value)])
  throw new SessionTooLargeError(bytes, limit, sizes)
}

function jsonBytes (key: string, value: unknown): number {
  return Buffer.byteLength(JSON.stringify({ [key]: value })) - '{}'.length
}
