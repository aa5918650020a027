import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind, Step } from './history.ts'
import { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

/** A browser. Several clients use the cookie of a browser at once, as tabs do. */
interface Browser {
  token: string | null
  /** Whether the last answer to the cookie came from a session. */
  isAccepted: boolean
}

export interface Traffic {
  readonly seed: number
  readonly clients: number
  /** How often each kind is chosen. */
  readonly mix: Mix
  /** The ports of the servers that run now. */
  readonly ports: () => readonly number[]
}

export type Mix = Readonly<Partial<Record<Kind, number>>>

const CLIENTS_PER_BROWSER = 4
const SHARED_KEYS = ['shared0', 'shared1']
const LONG_HOLD_MS = 120
const PAUSE_MS = 5

export const SUBJECTS = ['user0', 'user1', 'user2', 'user3']

export const USUAL_MIX: Mix = {
  read: 24, write: 34, count: 18, regenerate: 6, login: 5, destroy: 4, create: 2, end: 1, revoke: 1
}

/** Many clients at once. */
export class Clients {
  readonly #traffic: Traffic
  readonly #recorder: Recorder
  readonly #browsers: Browser[]
  readonly #randoms: Random[]

  constructor (traffic: Traffic, recorder: Recorder) {
    this.#traffic = traffic
    this.#recorder = recorder
    const browsers = Math.max(1, Math.ceil(traffic.clients / CLIENTS_PER_BROWSER))
    this.#browsers = Array.from({ length: browsers }, () => ({ token: null, isAccepted: false }))
    this.#randoms = Array.from({ length: traffic.clients }, (_, client) => new Random(traffic.seed * 1_000 + client))
  }

  /** Sends requests until the time is over, and resolves after the last answer. Later runs go on with the same sessions. */
  async run (isOver: () => boolean): Promise<void> {
    await Promise.all(this.#randoms.map((random, client) => this.#runClient(client, random, isOver)))
  }

  async #runClient (client: number, random: Random, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const browser = random.of(this.#browsers)
      const choice = random.weighted(this.#traffic.mix)
      const kind = browser.token === null ? random.of(['create', 'login'] as const) : choice
      const step = this.#step(kind, client, random)
      const port = random.of(this.#traffic.ports())
      const foreign = random.next()
      // Now and then a client sends a token that was never issued, or an old token whose session may have ended.
      const token = foreign < 0.03 ? random.token() : foreign < 0.13 ? this.#oldToken(random) ?? browser.token : browser.token
      const { issued, status, answer } = await this.#recorder.send(client, port, token, step)
      if (status === 0 || status === 503) await sleep(PAUSE_MS)
      if (issued !== null) {
        browser.token = issued
        browser.isAccepted = true
      }
      if (issued !== null || token !== browser.token || answer === null) continue
      browser.isAccepted = answer.isAccepted
      // A browser sends a token without a session a few more times, then begins a new session.
      if (!browser.isAccepted && random.isLessThan(0.2)) browser.token = null
    }
  }

  #oldToken (random: Random): string | null {
    const { issued } = this.#recorder
    return issued.length > 0 ? random.of(issued.slice(-40)) : null
  }

  #key (kind: Kind, client: number, value: number, random: Random): string {
    if (kind === 'login') return `login${value}`
    if (kind === 'create') return 'made'
    return random.isLessThan(0.3) ? random.of(SHARED_KEYS) : `client${client}`
  }

  #step (kind: Kind, client: number, random: Random): Step {
    const value = this.#recorder.newValue()
    const isRemoval = kind === 'write' && random.isLessThan(0.1)
    const holds = random.next()
    return {
      kind,
      key: this.#key(kind, client, value, random),
      value: isRemoval ? null : value,
      subject: random.of(SUBJECTS),
      holdMs: holds < 0.4 ? 0 : holds < 0.97 ? random.below(15) : random.below(LONG_HOLD_MS),
      isSaved: random.isLessThan(0.5)
    }
  }
}
