import { setTimeout as sleep } from 'node:timers/promises'
import type { Mix } from './clients.ts'
import type { Event, Kind } from './history.ts'
import { Random } from './random.ts'
import { type Recorder, stepOf } from './recorder.ts'

/** Bystanders have numbers from here on. */
const FIRST = 1_000

export interface BystanderOptions {
  readonly seed: number
  readonly count: number
  readonly mix: Mix
  readonly pauseMs: number
  readonly ports: () => readonly number[]
}

/** Clients who do nothing wrong: each has a session of its own, and sends one request after the other. */
export class Bystanders {
  readonly #options: BystanderOptions
  readonly #recorder: Recorder
  readonly #tokens: Array<string | null>

  constructor (options: BystanderOptions, recorder: Recorder, tokens: readonly string[] = []) {
    this.#options = options
    this.#recorder = recorder
    this.#tokens = Array.from({ length: options.count }, (_, n) => tokens[n] ?? null)
  }

  /** The tokens of the sessions that they have now. */
  get tokens (): string[] { return this.#tokens.filter(token => token !== null) }

  async run (isOver: () => boolean): Promise<void> {
    await Promise.all(this.#tokens.map((_, n) => this.#runOne(n, isOver)))
  }

  async #runOne (n: number, isOver: () => boolean): Promise<void> {
    const { seed, mix, pauseMs, ports } = this.#options
    const random = new Random(seed * 1_000 + FIRST + n)
    while (!isOver()) {
      const token = this.#tokens[n] ?? null
      const kind: Kind = token === null ? 'create' : random.weighted(mix)
      const { issued, answer } = await this.#send(n, random.of(ports()), token, kind)
      if (issued !== null) this.#tokens[n] = issued
      // A session that is not accepted is a matter for the checker; the client begins again.
      else if (kind === 'destroy' ? answer !== null : answer?.isAccepted === false) this.#tokens[n] = null
      await sleep(pauseMs)
    }
  }

  async #send (n: number, port: number, token: string | null, kind: Kind): Promise<Event> {
    const value = this.#recorder.newValue()
    const key = kind === 'login' ? `login${value}` : kind === 'create' ? 'made' : 'own'
    const step = stepOf(kind, { key, value, subject: `bystander${n}`, isSaved: value % 2 === 0 })
    return await this.#recorder.send(FIRST + n, port, token, step)
  }
}

export function isBystander ({ client }: Event): boolean { return client >= FIRST }
