import type { FastifyBaseLogger } from 'fastify'

/** How many warnings of a kind are logged within `SPAN_MS`: what happens to each request must not fill the log. */
const MOST = 5
const SPAN_MS = 60_000

/** What is a matter of the configuration is said once. */
const ONCE: ReadonlySet<WarningKind> = new Set<WarningKind>(['about', 'empty', 'fixation', 'outside'])

/** The name of warnings of the process. */
const WARNING = 'FastsessionsWarning'

/** What a warning is about. */
export type WarningKind =
  'about' | 'anonymous' | 'dropped' | 'empty' | 'ended' | 'fixation' | 'lost' | 'outside' | 'plain-http' | 'renewal' | 'timed-out' |
  'unawaited'

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
    process.emitWarning(text, { type: WARNING, code: kind })
  }
}

/**
 * The application's logger, for warnings of the start, of the store and of backends. Where it is off, the first warning of each
 * text goes to `process.emitWarning`.
 */
export function audible (log: FastifyBaseLogger): FastifyBaseLogger {
  if (!isOff(log)) return log
  const emitted = new Set<unknown>()
  const warn = (...parts: unknown[]): void => {
    const text = parts.find(part => typeof part === 'string') as string
    if (emitted.has(text)) return
    emitted.add(text)
    process.emitWarning(text, { type: WARNING })
  }
  return Object.assign(Object.create(log) as FastifyBaseLogger, { warn })
}

/** Without a logger Fastify has one that does nothing, and knows no level. */
function isOff ({ level }: FastifyBaseLogger): boolean { return level === undefined || level === 'silent' }
