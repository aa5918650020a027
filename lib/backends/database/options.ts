import type { Duration } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { backendOptionsCheck } from '../conventions.ts'
import { sweepIntervalOf } from '../sweeper.ts'
import type { Extra } from './extra.ts'
import { type Place, placeOf, type PlaceOptions } from './names.ts'
import type { PoolOption } from './pool.ts'

export interface DatabaseBackendOptions extends PlaceOptions {
  /**
   * Fills columns which the application added to the table. Called for every insert and update, not for renewals; the answer
   * must not be a promise. `request` is missing when a session is written outside a request.
   *
   *     extra: ({ request }) => ({ ip: request?.ip ?? null })
   */
  extra?: Extra
  /** The mean time between two removals of expired sessions. @default never: call `app.sessions.removeExpired()` */
  sweepEvery?: Duration
  /**
   * What Kysely uses. With it, statements are prepared, and those of one turn of the event loop go together.
   *
   * - PostgreSQL: the `Pool` of pg. Each connection prepares a statement once. Sessions that are read in one turn are one statement,
   *   and so are those that are changed, but for changes with `extra`. The start warns about missing listeners for errors.
   * - SQLite: the `Database` of better-sqlite3, or the `DatabaseSync` of node:sqlite. All writes of one turn are one transaction.
   *   While the application has a transaction open on it, statements go through Kysely.
   *
   * `false` turns all of it off, such as behind a PgBouncer before 1.21, which mixes up prepared statements.
   *
   * @default statements are not prepared, and on PostgreSQL the start warns that the listeners cannot be checked
   */
  pool?: PoolOption
}

export interface Settings {
  readonly place: Place
  readonly extra: Extra | undefined
  readonly sweepEveryMs: number | null
  readonly pool: PoolOption | undefined
}

/** Finds unknown options only; `settingsOf` checks the value of each option, and `SessionTable` checks `pool`. */
const checkNames = backendOptionsCheck({ table: {}, columns: {}, schema: {}, extra: {}, sweepEvery: {}, pool: {} })

/** @throws InvalidOptionsError */
export function settingsOf (options: DatabaseBackendOptions): Settings {
  checkNames(options, 'DatabaseBackend')
  const { extra, pool, sweepEvery } = options
  if (extra !== undefined && typeof extra !== 'function') throw unexpected('DatabaseBackend.extra', 'a function', extra)
  return { place: placeOf(options, 'DatabaseBackend'), extra, pool, sweepEveryMs: sweepIntervalOf(sweepEvery) }
}
