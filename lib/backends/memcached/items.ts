import type { SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { BackendUnavailableError, SessionTooLargeError } from '../../errors.ts'
import type { Generations } from './generations.ts'
import type { ServerLink } from './link.ts'
import { type Answer, casOf, expirationOf, Opcode, refusal, type Request, Status } from './protocol.ts'
import { decodeValue, type Value } from './value.ts'

/** Where a session is kept. */
export interface Spot {
  readonly id: string
  readonly key: string
  readonly link: ServerLink
}

/** What is there: an item, live or not, and the generation that counts. */
export interface Standing {
  /** memcached's number of this very item; 0n: there is none. */
  readonly cas: bigint
  /** `null`: the server has none. */
  readonly generation: string | null
}

export interface Found extends Standing {
  /** Only a live one. */
  readonly record: SessionRecord | null
}

export interface ItemsOptions {
  readonly generations: Generations
  readonly now: () => number
  /** Called for something under one of our keys that is no session. */
  readonly onGarbage: () => void
}

/** The items of sessions: looks one up, and replaces or deletes one if it is still what was there. */
export class Items {
  readonly #options: ItemsOptions

  constructor (options: ItemsOptions) {
    this.#options = options
  }

  /** GETK of item and generation; one round trip. */
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

  /** What this process left there, if that may still be this version: saves looking. */
  guess ({ key, link }: Spot, version: number): Standing | null {
    if (version === 0) {
      const generation = this.#options.generations.guess(link)
      return generation === null ? null : { cas: 0n, generation }
    }
    const seen = link.seen.get(key)
    return seen?.version === version && seen.expiresAt > this.#options.now() ? seen : null
  }

  /** ADD, or SET with the unique, and the generation; one round trip. False: something else is there, or all are revoked. */
  async store (spot: Spot, cas: bigint, { record, generation }: Value, bytes: Buffer): Promise<boolean> {
    const { key, link } = spot
    const expiration = expirationOf(record.expiresAt - this.#options.now())
    const opcode = cas === 0n ? Opcode.ADD : Opcode.SET
    const stored = await this.#change(spot, generation, { opcode, key, value: bytes, expiration, cas })
    if (stored !== null) link.seen.set(key, { version: record.version, expiresAt: record.expiresAt, generation, cas: casOf(stored) })
    return stored !== null
  }

  /** DELETE with the unique, and the generation; one round trip. False as above. */
  async drop (spot: Spot, { cas, generation }: Standing): Promise<boolean> {
    return cas === 0n || await this.#change(spot, generation, { opcode: Opcode.DELETE, key: spot.key, cas }) !== null
  }

  // The server does one after the other: what it says of the generation was so before the change.
  async #change ({ key, link }: Spot, generation: string | null, request: Request): Promise<Answer | null> {
    const { generations } = this.#options
    link.seen.delete(key)
    const [said, answer] = await link.send(generations.question, request)
    const { status } = answer.header
    // The server takes less than it was said to, and has deleted what it had.
    if (status === Status.TOO_LARGE) throw new SessionTooLargeError(request.value!.length, request.value!.length - 1)
    if (status > Status.EXISTS) throw refusal(answer)
    return generations.learn(link, said) === generation && status === Status.OK ? answer : null
  }

  /** `null` for something that is no record of this id. */
  #read (id: string, answer: Answer): { value: Value | null, cas: bigint } | null {
    const { status } = answer.header
    if (status === Status.NOT_FOUND) return { value: null, cas: 0n }
    if (status !== Status.OK) throw refusal(answer)
    const value = decodeValue(id, answer.val)
    return value && { value, cas: casOf(answer) }
  }

  // The same answer twice is what is stored, by whomever; another one is a client out of step, and says nothing of it.
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

/** Throws `SessionTooLargeError` with the largest keys of the payload, as JSON would have them. */
export function assertFits (bytes: number, limit: number, context: WriteContext | undefined): void {
  if (bytes <= limit) return
  const sizes = Object.entries(context?.data ?? {}).map(([key, value]): [string, number] => [key, Buffer.byteLength(JSON.stringify({ [key]: value })) - 2])
  throw new SessionTooLargeError(bytes, limit, sizes)
}
