const MAX_TRIES = 6
const FIRST_PAUSE_MS = 5
/** Later nobody waits for it any more, and a pool that waits for locks has no connections left for others. */
const MAX_MS = 2_000

/** PostgreSQL: serialization failure, deadlock. SQLite: another process writes. */
const CODES = new Set<unknown>(['40001', '40P01', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED'])
/** MySQL and MariaDB: lock wait timeout, deadlock, row changed since the snapshot. */
const NUMBERS = new Set<unknown>([1205, 1213, 1020])

/** Runs a single statement, and again when the database undid it for the sake of another one. Its errors name no values. */
export async function retryTransient<T> (run: () => Promise<T>, now: () => number = Date.now): Promise<T> {
  const start = now()
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries === MAX_TRIES || now() - start > MAX_MS || !isTransient(error)) throw withoutValues(error)
    }
    // A random time, longer with each try, so that those who collide come apart.
    await new Promise(resolve => { setTimeout(resolve, Math.random() * FIRST_PAUSE_MS * 2 ** tries) })
  }
}

const KEPT = ['code', 'errno', 'sqlState', 'severity', 'table', 'column', 'constraint', 'routine']

/**
 * A driver's error without what it carries of the statement's values, which are what users typed: mysql2 adds the whole
 * statement, PGlite its parameters, PostgreSQL the row that failed.
 */
export function withoutValues (error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { message, name, stack } = error
  const kept = Object.entries(error).filter(([key]) => KEPT.includes(key))
  return Object.assign(new Error(message), { name, stack }, Object.fromEntries(kept))
}

/** The driver's code of an error: text for most, a number for MySQL. */
export function codesOf (error: unknown): { code?: unknown, errno?: unknown } {
  return typeof error === 'object' && error !== null ? error : {}
}

function isTransient (error: unknown): boolean {
  const { code, errno } = codesOf(error)
  return CODES.has(code) || NUMBERS.has(errno)
}
