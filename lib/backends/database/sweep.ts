import type { Dialect } from './dialect.ts'
import type { Statement } from './statement.ts'

/** Rows in one DELETE. SQLite runs in this process, where 1,000 rows would hold up every request for about 30 ms. */
const BATCH: Readonly<Record<Dialect, number>> = { postgres: 1_000, mysql: 1_000, sqlite: 100 }

/** Deletes up to `limit` expired rows in batches; resolves to the number of deleted rows. */
export async function sweep (removeExpired: Statement, dialect: Dialect, now: () => number, limit: number): Promise<number> {
  let removed = 0
  while (removed < limit) {
    const most = Math.min(BATCH[dialect], limit - removed)
    const { affected } = await removeExpired({ now: now(), limit: most })
    removed += affected
    if (affected < most) break
    // Lets waiting requests run between two batches.
    await new Promise(resolve => { setImmediate(resolve) })
  }
  return removed
}
