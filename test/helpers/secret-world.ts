import type { FastifyInstance } from 'fastify'
import { FIRST_SECRET } from '../../lib/crypto/token-secrets.ts'
import type { SessionBackend, SessionEvent, SessionRecord } from '../../types/index.d.ts'
import { cookieOf } from './cookies.ts'

/** An atomic store whose content a test can take and put back. */
export class Shelf implements SessionBackend {
  readonly atomic = true
  records = new Map<string, SessionRecord>()

  read (id: string): SessionRecord | null { return this.records.get(id) ?? null }

  write (id: string, record: SessionRecord, expectedVersion?: number): string | SessionRecord | null {
    const stands = this.read(id)
    if (stands?.version === record.version) return id
    if (expectedVersion !== undefined && (stands?.version ?? 0) !== expectedVersion) return stands
    this.records.set(id, record)
    return id
  }

  remove (id: string): void { this.records.delete(id) }
}

/** A moment of a session, its owner's browser, and perhaps a thief. Cookies go by the numbers of their secrets. */
export interface Moment {
  readonly record: SessionRecord
  readonly now: number
  /** What the owner's browser has. */
  readonly jar: number
  /** What it had before, as a tab that is restored after a crash has it, and since when it has what it has now. */
  readonly before: number | null
  readonly changedAt: number
  /** A request of the owner that has not reached the server, or an answer that has not reached the browser: the cookie in it. */
  readonly underWay: { readonly kind: 'request' | 'answer', readonly cookie: number | null, readonly since: number } | null
  readonly thief: number | null
  /** When the current secret, and the one before, came back for the first time. */
  readonly cameBackAt: number | null
  readonly previousCameBackAt: number | null
}

/** What became of a request. */
export interface Outcome {
  readonly moment: Moment
  readonly isOpened: boolean
  readonly isTheft: boolean
  /** The cookie in the answer. */
  readonly sent: number | null
}

/** Goes from any moment to the next by real requests. */
export class SecretWorld {
  readonly #app: FastifyInstance
  readonly #shelf: Shelf
  readonly #clock: { now: number }
  readonly #events: SessionEvent[]
  readonly #headers: string[] = []

  constructor (site: { app: FastifyInstance, backend: Shelf, clock: { now: number }, events: SessionEvent[] }) {
    this.#app = site.app
    this.#shelf = site.backend
    this.#clock = site.clock
    this.#events = site.events
    site.app.get('/n', async request => request.session.get('n') ?? null)
  }

  async begin (): Promise<Moment> {
    const { id, cookie } = await this.#app.sessions.create({ n: 1 })
    this.#headers[FIRST_SECRET] = cookie
    const { now } = this.#clock
    const nobody = { before: null, underWay: null, thief: null }
    return { record: this.#shelf.read(id)!, now, jar: FIRST_SECRET, changedAt: now, cameBackAt: now, previousCameBackAt: null, ...nobody }
  }

  /** A request with the cookie that has a secret of this number. */
  async ask (from: Moment, number: number): Promise<Outcome> {
    const { id } = from.record
    this.#shelf.records = new Map([[id, from.record]])
    this.#clock.now = from.now
    this.#events.length = 0
    const response = await this.#app.inject({ url: '/n', headers: { cookie: this.#headers[number]! } })
    const record = this.#shelf.read(id)!
    const [before, after] = [from.record, record].map(({ meta }) => meta?.renewal?.counter ?? 0) as [number, number]
    const isTheft = this.#events.some(({ type }) => type === 'theft')
    const isOpened = response.body === '1'
    const sent = this.#numberOf(cookieOf(response), after)
    if (isTheft) return { moment: { ...from, record }, isOpened, isTheft, sent }
    if (after !== before && (after !== before + 1 || number !== before)) throw new Error(`${number} has renewed ${before} to ${after}`)
    return { moment: { ...from, record, ...timesAfter(from, { number, before, after }) }, isOpened, isTheft, sent }
  }

  /** Every answer has the current cookie, and always the same text for it. */
  #numberOf (header: string, current: number): number | null {
    if (header === '') return null
    this.#headers[current] ??= header
    if (this.#headers[current] !== header) throw new Error(`${header} is not the cookie of secret ${current}`)
    return current
  }
}

type Times = Pick<Moment, 'cameBackAt' | 'previousCameBackAt'>

/** By the contract's words, and not by what the record says. */
function timesAfter (from: Moment, { number, before, after }: { number: number, before: number, after: number }): Times {
  const cameBackAt = from.cameBackAt ?? (number === before ? from.now : null)
  if (after === before) return { cameBackAt, previousCameBackAt: from.previousCameBackAt }
  return { cameBackAt: null, previousCameBackAt: cameBackAt }
}

/** Whoever is so many secrets behind is as far behind as anybody. */
const FAR_BEHIND = 4

/** The same for moments that differ by nothing that a session could tell: ages above `most` are alike. */
export function keyOf ({ record, now, jar, before, changedAt, underWay, thief, cameBackAt, previousCameBackAt }: Moment, most: number): string {
  const { counter, renewedAt, acknowledgedAt, previousAcknowledgedAt } = record.meta!.renewal!
  const behind = [jar, before, underWay?.cookie, thief].map(number => number == null ? '-' : Math.min(counter - number, FAR_BEHIND))
  const instants = [renewedAt, acknowledgedAt, previousAcknowledgedAt, changedAt, underWay?.since, cameBackAt, previousCameBackAt]
  const ages = instants.map(instant => instant == null ? '-' : Math.min(now - instant, most))
  return [...behind, underWay?.kind, ...ages].join()
}
