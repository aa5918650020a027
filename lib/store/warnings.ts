import type { FastifyBaseLogger } from 'fastify'

/** How many warnings of a kind are logged within `SPAN_MS`: what happens to each request must not fill the log. */
const MOST = 5
const SPAN_MS = 60_000

/** What is a matter of the configuration is said once. */
const ONCE: ReadonlySet<WarningKind> = new Set<WarningKind>(['outside', 'empty'])

/** What a warning is about. */
export type WarningKind =
  'anonymous' | 'dropped' | 'empty' | 'ended' | 'lost' | 'outside' | 'plain-http' | 'renewal' | 'timed-out' | 'unawaited'

/**
 * Warnings of a registration, limited for each kind. Where the application's logger is off, the first of each kind goes to
 * `process.emitWarning`, so that nothing is lost in silence.
 */
export class Warnings {
  readonly #now: () => number
  readonly #logged = new Map<WarningKind, { since: number, count: number }>()
  readonly #emitted = new Set<WarningKind>()

  constructor (now: () => number) {
    this.#now = now
  }

  warn (log: FastifyBaseLogger, kind: WarningKind, text: string, error?: Error): void {
    if (isOff(log)) return this.#emit(kind, text)
    const now = this.#now()
    let logged = this.#logged.get(kind)
    if (logged !== undefined && ONCE.has(kind)) return
    if (logged === undefined || now - logged.since >= SPAN_MS) this.#logged.set(kind, logged = { since: now, count: 0 })
    logged.count++
    if (logged.count > MOST) return
    const message = logged.count === MOST ? `${text}; more warnings of this kind are left out for a minute` : text
    if (error === undefined) log.warn(message)
    else log.warn({ err: error }, message)
  }

  #emit (kind: WarningKind, text: string): void {
    if (this.#emitted.has(kind)) return
    this.#emitted.add(kind)
    process.emitWarning(text, { type: 'FastsessionsWarning', code: kind })
  }
}

/** Without a logger Fastify has one that does nothing, and knows no level. */
function isOff ({ level }: FastifyBaseLogger): boolean { return level === undefined || level === 'silent' }
