import type { SessionLifetime } from '../../types/index.d.ts'
import type { Random } from '../../stress/random.ts'

export const SECOND = 1_000

/** The options of the application of a sequence. Times in milliseconds. */
export interface Settings {
  readonly persistent: boolean
  readonly idleMs: number
  readonly absoluteMs: number | null
  readonly renewAfter: number
  readonly onConflict: 'merge' | 'error'
}

/** What a backend can do, as far as it makes a difference to what a request sees. */
export interface Traits {
  /** The cookie holds the session: there is no store, and each answer is the last word. */
  readonly inCookie: boolean
  /** Compare-and-set, and tombstones. Without it a commit reads right before it writes. */
  readonly atomic: boolean
  /** The store also goes by the clock of its machine: sequences stay away from the last moments of a session. */
  readonly hasClock: boolean
  /** Whether sessions can be counted and listed. */
  readonly lists: boolean
}

const STORE: Traits = { inCookie: false, atomic: true, hasClock: false, lists: true }

export const traits: Readonly<Record<string, Traits>> = {
  cookie: { inCookie: true, atomic: false, hasClock: false, lists: false },
  memory: STORE,
  file: STORE,
  sqlite: STORE,
  redis: { ...STORE, hasClock: true },
  memcached: { ...STORE, hasClock: true, lists: false },
  postgres: STORE,
  mariadb: STORE,
  'express-store': { ...STORE, atomic: false }
}

/** Lifetimes for `setLifetime`, in seconds. */
export const lifetimes: readonly SessionLifetime[] = [
  {}, { persistent: true }, { persistent: false }, { idleTimeout: 45 }, { idleTimeout: 7_200, absoluteTimeout: 7_200 },
  { absoluteTimeout: 100 }, { absoluteTimeout: null, persistent: true }, { idleTimeout: 90, absoluteTimeout: 200, persistent: true }
]

export function drawSettings (random: Random, { atomic }: Traits): Settings {
  const idleMs = random.of([60, 120, 7_200]) * SECOND
  return {
    persistent: random.isLessThan(0.5),
    idleMs,
    absoluteMs: random.of([idleMs, idleMs * 2, idleMs * 4, null]),
    renewAfter: random.of([0, 0.25]),
    onConflict: atomic && random.isLessThan(0.25) ? 'error' : 'merge'
  }
}
