import { idOfToken } from '../lib/record/ids.ts'
import type { Event, Kind, Step } from './history.ts'
import { send } from './http.ts'
import { moment } from './moment.ts'

/** The bounds of the servers' clocks, in milliseconds. */
export interface Bounds { readonly least: number, readonly most: number }

/** Sends requests, and keeps all requests and answers as events. */
export class Recorder {
  readonly events: Event[] = []
  /** All tokens that were ever issued. */
  readonly issued: string[] = []
  readonly #known = new Set<string>()
  /** Whose session a token belongs to, once somebody has signed in. */
  readonly #subjects = new Map<string, string>()
  readonly #clock: () => Bounds
  #lastValue = 0

  constructor (clock: () => Bounds) {
    this.#clock = clock
  }

  /** A value that no other step has, so that a value tells its step. */
  newValue (): number { return ++this.#lastValue }

  async send (client: number, port: number, token: string | null, given: Step): Promise<Event> {
    const step = this.#withSubject(token, given)
    const sent = step.kind === 'revoke' ? null : token
    const begin = moment()
    const { least } = this.#clock()
    const { status, body, cookie } = await ask(port, sent, step)
    const { most } = this.#clock()
    const event: Event = {
      ...step,
      client,
      token: sent,
      begin,
      end: moment(),
      clockBegin: least,
      clockEnd: most,
      status,
      code: status === 200 ? null : body?.code ?? null,
      // @fastify/session sends the cookie of a known session again with each answer.
      issued: cookie === '' || (cookie === sent && this.#known.has(sent!)) ? null : cookie,
      answer: status === 200 && !isFromOutside(step) ? body : null
    }
    this.events.push(event)
    if (event.issued !== null) {
      this.issued.push(event.issued)
      this.#known.add(event.issued)
      this.#noteSubject(event, event.issued)
    }
    return event
  }

  /** Who is signed in signs in again as the same person: over the session of somebody else a sign-in starts from nothing. */
  #withSubject (token: string | null, step: Step): Step {
    const subject = token === null ? undefined : this.#subjects.get(token)
    return step.kind === 'login' && subject !== undefined ? { ...step, subject } : step
  }

  #noteSubject ({ kind, subject, token }: Event, issued: string): void {
    const of = kind === 'login' ? subject : token === null ? undefined : this.#subjects.get(token)
    if (of !== undefined) this.#subjects.set(issued, of)
  }

  /** Sends these tokens to every server once more. */
  async readAll (ports: readonly number[], tokens: readonly string[] = this.issued): Promise<void> {
    for (const port of ports) {
      for (const token of tokens) await this.send(-1, port, token, stepOf('read'))
    }
  }
}

async function ask (port: number, token: string | null, step: Step): ReturnType<typeof send> {
  if (step.kind === 'revoke') return await send('POST', port, '/revoke', null, step)
  if (step.kind === 'end') return await send('POST', port, '/end', null, { id: idOfToken('session', token!) })
  return await send('POST', port, '/step', token, step)
}

/** Whether `app.sessions` does the step, and no request with the session's cookie. */
function isFromOutside ({ kind }: Step): boolean { return kind === 'revoke' || kind === 'end' }

export function stepOf (kind: Kind, more: Partial<Step> = {}): Step {
  return { kind, key: '', value: 0, subject: '', holdMs: 0, isSaved: false, ...more }
}
