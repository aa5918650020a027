import type { SessionCause, SessionEventType, SessionMetrics } from '../../types/index.d.ts'
import type { EventDetails } from './events.ts'

type Counters = { -readonly [Name in keyof SessionMetrics]: SessionMetrics[Name] extends number ? number : Record<string, number> }

const ENDINGS: readonly SessionCause[] = ['logout', 'rotate', 'revoke', 'evict', 'expire', 'theft']
/** Types of which each event is one more of what the counter says. */
const SAME_NAME = new Set<SessionEventType>(['created', 'rejected', 'unavailable'])
const WRITES = new Set<SessionEventType>(['created', 'saved', 'renewed', 'regenerated'])

/** Counts what happens to the sessions of a registration, since the start. */
export class Metrics {
  readonly #counters = emptyCounters()

  /** Counts an event. */
  note (type: SessionEventType, { reason, cause, ended = 1 }: EventDetails): void {
    const counters = this.#counters
    if (type === 'loaded') counters.loads++
    if (WRITES.has(type)) counters.writes++
    if (SAME_NAME.has(type)) counters[type as 'created' | 'rejected' | 'unavailable']++
    if (reason === 'version') counters.retries++
    if (reason === 'overwritten') counters.conflicts++
    const ending = type === 'regenerated' ? 'rotate' : cause
    if (ending !== undefined && Object.hasOwn(counters.ended, ending)) counters.ended[ending]! += ended
  }

  get all (): SessionMetrics { return structuredClone(this.#counters) as unknown as SessionMetrics }

  /** The counters of several registrations together. */
  static sum (all: readonly SessionMetrics[]): SessionMetrics {
    const sum = emptyCounters() as unknown as Record<string, number | Record<string, number>>
    for (const metrics of all) add(sum, metrics as unknown as typeof sum)
    return sum as unknown as SessionMetrics
  }
}

function add (to: Record<string, number | Record<string, number>>, from: Record<string, number | Record<string, number>>): void {
  for (const [name, value] of Object.entries(from)) {
    if (typeof value === 'number') to[name] = (to[name] as number) + value
    else add(to[name] as Record<string, number>, value)
  }
}

function emptyCounters (): Counters {
  return {
    created: 0,
    ended: Object.fromEntries(ENDINGS.map(cause => [cause, 0])),
    loads: 0,
    writes: 0,
    conflicts: 0,
    retries: 0,
    rejected: 0,
    unavailable: 0,
    cache: { hits: 0, misses: 0 }
  }
}
