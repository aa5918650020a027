import { randomVersion } from '../../crypto/random.ts'
import type { ServerLink } from './link.ts'
import { type Answer, Opcode, refusal, type Request, Status } from './protocol.ts'

const FORM = /^[0-9a-z]{1,10}$/

/**
 * The generation of all sessions on one server: a random text under a key of its own on that very server, so that no
 * server depends on another. A record of another generation is no session, and neither is any while the key is missing:
 * a key that the server has dropped may have said that all are revoked.
 *
 * Being read with each session, it is the last thing that a server short of memory drops.
 */
export class Generations {
  readonly #key: string

  /** @param place what the keys of these sessions begin with; no id is empty, so the key is none of theirs */
  constructor (place: string) {
    this.#key = `${place}:generation`
  }

  /** To be sent along with whatever concerns a session. */
  get question (): Request { return { opcode: Opcode.GETK, key: this.#key } }

  /** What the server says; `null` when it has none. */
  learn (link: ServerLink, answer: Answer): string | null {
    const { header: { status }, val } = answer
    // A server that is busy says nothing of the generation: its sessions are not revoked.
    if (status > Status.NOT_FOUND) throw refusal(answer)
    const text = status === Status.OK ? val.toString('latin1') : ''
    const generation = FORM.test(text) ? text : null
    if (generation === null) link.generations.delete(this.#key)
    else link.generations.set(this.#key, generation)
    return generation
  }

  /** What this process saw last: a guess. */
  guess (link: ServerLink): string | null { return link.generations.get(this.#key) ?? null }

  /** Begins a generation where there is none; resolves to the one that stands. */
  async begin (link: ServerLink): Promise<string> {
    const [, answer] = await link.send({ opcode: Opcode.ADD, key: this.#key, value: randomGeneration() }, this.question)
    return this.learn(link, answer) ?? await this.renew(link)
  }

  /** Ends all sessions on a server; resolves to their new generation. */
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
