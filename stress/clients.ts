import { setTimeout as sleep } from 'node:timers/promises'
import type { Event, Kind, Step } from './history.ts'
import { send } from './http.ts'
import { Random } from './random.ts'

/** A browser: several clients use its cookie at once, as tabs do. */
interface Browser {
  token: string | null
  /** Whether the last answer to its cookie was that it stands for a session. */
  isAccepted: boolean
}

export interface Traffic {
  readonly seed: number
  readonly clients: number
  readonly canRevoke: boolean
  /** The servers of this moment. */
  readonly ports: () => readonly number[]
  /** What the servers' clock is at least and at most, now. */
  readonly clock: () => { least: number, most: number }
}

const CLIENTS_PER_BROWSER = 4
const SUBJECTS = 4
const SHARED_KEYS = ['shared0', 'shared1']
const LONG_HOLD_MS = 120
const PAUSE_MS = 5

const MIX: Readonly<Record<Kind, number>> = {
  read: 24, write: 34, count: 18, regenerate: 6, login: 5, destroy: 4, create: 2, revoke: 1
}

/** Many clients at once; keeps what each of them sent and was answered. */
export class Clients {
  readonly events: Event[] = []
  readonly #traffic: Traffic
  readonly #browsers: Browser[]
  /** All tokens that were ever issued: old ones are sent again. */
  readonly #issued: string[] = []
  readonly #known = new Set<string>()
  #lastValue = 0

  constructor (traffic: Traffic) {
    this.#traffic = traffic
    this.#browsers = Array.from({ length: Math.max(1, Math.ceil(traffic.clients / CLIENTS_PER_BROWSER)) }, () => ({ token: null, isAccepted: false }))
  }

  /** Sends until it is told to stop; resolves when the last answer is there. */
  async run (isOver: () => boolean): Promise<void> {
    await Promise.all(Array.from({ length: this.#traffic.clients }, (_, client) => this.#runClient(client, isOver)))
  }

  /** Shows every token to every server once more, when nothing else goes on. */
  async readAll (): Promise<void> {
    for (const port of this.#traffic.ports()) {
      for (const token of this.#issued) await this.#send(-1, port, token, stepOf('read'))
    }
  }

  async #runClient (client: number, isOver: () => boolean): Promise<void> {
    const random = new Random(this.#traffic.seed * 1_000 + client)
    while (!isOver()) {
      const browser = random.of(this.#browsers)
      const choice = random.weighted(MIX)
      const kind = browser.token === null ? random.of(['create', 'login'] as const) : choice === 'revoke' && !this.#traffic.canRevoke ? 'read' : choice
      const step = this.#step(kind, client, random)
      const port = random.of(this.#traffic.ports())
      const foreign = random.next()
      // Cookies that were never issued, and cookies of sessions that may have ended.
      const token = foreign < 0.03 ? random.token() : foreign < 0.13 && this.#issued.length > 0 ? random.of(this.#issued.slice(-40)) : browser.token
      const { issued, status, answer } = await this.#send(client, port, token, step)
      if (status === 0 || status === 503) await sleep(PAUSE_MS)
      if (issued !== null) {
        browser.token = issued
        browser.isAccepted = true
      }
      if (issued !== null || token !== browser.token || answer === null) continue
      browser.isAccepted = answer.isAccepted
      // A session that is not accepted is asked for some more times, then the browser begins a new one.
      if (!browser.isAccepted && random.isLessThan(0.2)) browser.token = null
    }
  }

  #step (kind: Kind, client: number, random: Random): Step {
    const value = ++this.#lastValue
    const isRemoval = kind === 'write' && random.isLessThan(0.1)
    const holds = random.next()
    return {
      kind,
      key: kind === 'login' ? `login${value}` : kind === 'create' ? 'made' : random.isLessThan(0.3) ? random.of(SHARED_KEYS) : `client${client}`,
      value: isRemoval ? null : value,
      subject: `user${random.below(SUBJECTS)}`,
      holdMs: holds < 0.4 ? 0 : holds < 0.97 ? random.below(15) : random.below(LONG_HOLD_MS),
      isSaved: random.isLessThan(0.5)
    }
  }

  async #send (client: number, port: number, token: string | null, step: Step): Promise<Event> {
    const isRevoking = step.kind === 'revoke'
    const sent = isRevoking ? null : token
    const begin = performance.now()
    const { least } = this.#traffic.clock()
    const { status, body, cookie } = await send('POST', port, isRevoking ? '/revoke' : '/step', sent, step)
    const { most } = this.#traffic.clock()
    const isAnswer = status === 200 && !isRevoking
    const event: Event = {
      ...step,
      client,
      token: sent,
      begin,
      end: performance.now(),
      clockBegin: least,
      clockEnd: most,
      status,
      code: status === 200 ? null : body?.code ?? null,
      // Some send the cookie of a session again with each answer.
      issued: cookie === '' || (cookie === sent && this.#known.has(sent!)) ? null : cookie,
      answer: isAnswer ? body : null
    }
    this.events.push(event)
    if (event.issued !== null) {
      this.#issued.push(event.issued)
      this.#known.add(event.issued)
    }
    return event
  }
}

function stepOf (kind: Kind): Step {
  return { kind, key: '', value: 0, subject: '', holdMs: 0, isSaved: false }
}
