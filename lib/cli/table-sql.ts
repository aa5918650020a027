import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import type { Dialect } from '../backends/database/dialect.ts'
import { type PlaceOptions, placeOf } from '../backends/database/names.ts'
import { tableSql } from '../backends/database/table.ts'

// Without a pool or a database: nothing is sent.
const DIALECTS = {
  postgres: () => new PostgresDialect({} as never),
  mysql: () => new MysqlDialect({} as never),
  sqlite: () => new SqliteDialect({} as never)
} as const

/**
 * The statements that create the table and its indexes.
 *
 * @throws InvalidOptionsError for a name that databases do not take
 */
export function sqlOf (dialect: Dialect, options: PlaceOptions): string {
  return tableSql(new Kysely<any>({ dialect: DIALECTS[dialect]() }), dialect, placeOf(options, 'table'))
}
