import type { Duration } from '../../../types/index.d.ts'
import { optionsCheck, unexpected } from '../../tools/check-options.ts'
import { sweepIntervalOf } from '../sweeper.ts'
import type { Extra } from './extra.ts'
import { type Place, placeOf, type PlaceOptions } from './names.ts'
import { assertPool, type PoolLike } from './pool.ts'

export interface DatabaseBackendOptions extends PlaceOptions {
  /**
   * Values for columns that the application added, by their names in the database; called for every insert and update, not
   * for renewals. It answers at once. `request` is missing where a session is written outside a request.
   */
  extra?: Extra
  /** Removes expired sessions about so often. @default never: call `app.sessions.removeExpired()` */
  sweepEvery?: Duration
  /**
   * PostgreSQL through pg: the pool that Kysely uses. With it statements are prepared on the server, once a connection,
   * and the start warns when it has no listeners for errors. `false` for neither, such as behind a PgBouncer before 1.21,
   * which mixes up prepared statements.
   */
  pool?: PoolLike | false
}

export interface Settings {
  readonly place: Place
  readonly extra: Extra | undefined
  readonly sweepEveryMs: number | null
  readonly pool: PoolLike | false | undefined
}

// Each is looked at by itself below: this finds the names that are none.
const checkNames = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: { table: {}, columns: {}, schema: {}, extra: {}, sweepEvery: {}, pool: {} }
})

/** @throws InvalidOptionsError */
export function settingsOf (options: DatabaseBackendOptions): Settings {
  checkNames(options, 'DatabaseBackend')
  const { extra, pool, sweepEvery } = options
  if (extra !== undefined && typeof extra !== 'function') throw unexpected('DatabaseBackend.extra', 'a function', extra)
  assertPool(pool)
  return { place: placeOf(options, 'DatabaseBackend'), extra, pool, sweepEveryMs: sweepIntervalOf(sweepEvery) }
}
