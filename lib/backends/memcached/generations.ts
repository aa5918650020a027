import { randomVersion } from '../../crypto/random.ts'
import type { ServerLink } from './link.ts'
import { type Answer, Opcode, refusal, type Request, Status } from './protocol.ts'

const FORM = /^[0-9a-z]{1,10}$/

/**
 * The generation of the sessions on a server: a random text under its own key on the same server. No server depends on a
 * second server. A record of a different generation is no session. While the key is missing, no record is a session: the
 * server may have dropped a newer generation, which had revoked the record.
 *
 * The generation is read with each session, so that a server short of memory drops the generation after the sessions. Not so
 * on a server shared with others: memcached drops items by their sizes, and small items of others may push out this one.
 */
export class Generations {
  readonly #key: string

  /** @param place the start of the sessions' keys. The key of the generation is no key of a session, since no id is empty. */
  constructor (place: string) {
    this.#key = `${place}:generation`
  }

  /** The request for the generation. Sent together with each request which concerns a session. */
  get question (): Request { return { opcode: Opcode.GETK, key: this.#key } }

  /**
   * The generation in the server's answer; `null` when the server has no generation. Remembers the generation for `guess`.
   *
   * @throws BackendUnavailableError when the server refused the question
   */
  learn (link: ServerLink, answer: Answer): string | null {
    const { header: { status }, val } = answer
    // A busy server does not tell its generation: its sessions are unavailable, and not revoked.
    if (status > Status.NOT_FOUND) throw refusal(answer)
    const text = status === Status.OK ? val.toString('latin1') : ''
    const generation = FORM.test(text) ? text : null
    if (generation === null) link.generations.delete(this.#key)
    else link.generations.set(this.#key, generation)
    return generation
  }

  /** The generation which this process saw last, and which the server may have replaced since. */
  guess (link: ServerLink): string | null { return link.generations.get(this.#key) ?? null }

  /** Begins a generation on a server without a generation. Resolves to the generation which the server has then. */
  async begin (link: ServerLink): Promise<string> {
    const [, answer] = await link.send({ opcode: Opcode.ADD, key: this.#key, value: randomGeneration() }, this.question)
    return this.learn(link, answer) ?? await this.renew(link)
  }

  /** Ends all sessions on a server by a new generation. Resolves to the new generation. */
  async renew (link: ServerLink): Promise<string> {
    const value = randomGeneration()
    const [answer] = await link.send({ opcode: Opcode.SET, key: this.#key, value })
    if (answer.header.status !== Status.OK) throw refusal(answer)
    const generation = value.toString('latin1')
    link.generations.set(this.#key, generation)
    return generation
  }
}

function randomGeneration (): Buffer {
  return Buffer.from(randomVersion().toString(36), 'latin1')
}
