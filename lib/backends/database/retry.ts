const MAX_TRIES = 6
const FIRST_PAUSE_MS = 5

/** PostgreSQL: serialization failure, deadlock. SQLite: another process writes. */
const CODES = new Set<unknown>(['40001', '40P01', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED'])
/** MySQL and MariaDB: lock wait timeout, deadlock, row changed since the snapshot. */
const NUMBERS = new Set<unknown>([1205, 1213, 1020])

/** Runs a single statement again when the database undid it for the sake of another one. */
export async function retryTransient<T> (run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries === MAX_TRIES || !isTransient(error)) throw error
    }
    // A random time, longer with each try, so that those who collide come apart.
    await new Promise(resolve => { setTimeout(resolve, Math.random() * FIRST_PAUSE_MS * 2 ** tries) })
  }
}

/** The driver's code of an error: text for most, a number for MySQL. */
export function codesOf (error: unknown): { code?: unknown, errno?: unknown } {
  return typeof error === 'object' && error !== null ? error : {}
}

function isTransient (error: unknown): boolean {
  const { code, errno } = codesOf(error)
  return CODES.has(code) || NUMBERS.has(errno)
}
