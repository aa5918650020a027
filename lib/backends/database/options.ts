import type { Duration } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { backendOptionsCheck } from '../conventions.ts'
import { sweepIntervalOf } from '../sweeper.ts'
import type { Extra } from './extra.ts'
import { type Place, placeOf, type PlaceOptions } from './names.ts'
import { assertPool, type PoolLike } from './pool.ts'

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
   * PostgreSQL through pg: the pool which Kysely uses. With the pool, each connection prepares a statement once, and the start
   * warns about missing listeners for errors. `false` turns both off, such as behind a PgBouncer before 1.21, which mixes up
   * prepared statements.
   *
   * @default statements are not prepared, and the start warns that the listeners cannot be checked
   */
  pool?: PoolLike | false
}

export interface Settings {
  readonly place: Place
  readonly extra: Extra | undefined
  readonly sweepEveryMs: number | null
  readonly pool: PoolLike | false | undefined
}

/** Finds unknown options only; `settingsOf` checks the value of each option. */
const checkNames = backendOptionsCheck({ table: {}, columns: {}, schema: {}, extra: {}, sweepEvery: {}, pool: {} })

/** @throws InvalidOptionsError */
export function settingsOf (options: DatabaseBackendOptions): Settings {
  checkNames(options, 'DatabaseBackend')
  const { extra, pool, sweepEvery } = options
  if (extra !== undefined && typeof extra !== 'function') throw unexpected('DatabaseBackend.extra', 'a function', extra)
  assertPool(pool)
  return { place: placeOf(options, 'DatabaseBackend'), extra, pool, sweepEveryMs: sweepIntervalOf(sweepEvery) }
}
