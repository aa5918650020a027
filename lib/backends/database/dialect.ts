import type { Kysely } from 'kysely'
import { hasMethods, unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'

export type Dialect = 'postgres' | 'sqlite' | 'mysql'

/** A Kysely instance for tables which this library does not know. */
export type AnyKysely = Kysely<any>

const KYSELY_METHODS = ['selectFrom', 'insertInto', 'executeQuery', 'withoutPlugins', 'getExecutor']

/** How each dialect writes `select "c" from "t" where "c" = 1`. */
const SHAPES: ReadonlyArray<readonly [RegExp, Dialect]> = [
  [/^select "c" from "t" where "c" = \$1$/, 'postgres'],
  [/^select "c" from "t" where "c" = \?$/, 'sqlite'],
  [/^select `c` from `t` where `c` = \?$/, 'mysql']
]

/**
 * Which SQL to write. The way a Kysely instance quotes names and numbers parameters tells the dialect. Names of classes do
 * not: bundlers shorten them, and dialects from other packages bring classes of their own.
 *
 * @throws InvalidOptionsError for a dialect which is not supported
 */
export function dialectOf (db: AnyKysely): Dialect {
  const { sql } = db.withoutPlugins().selectFrom('t').select('c').where('c', '=', 1).compile()
  for (const [shape, dialect] of SHAPES) if (shape.test(sql)) return dialect
  const { name } = db.getExecutor().adapter.constructor
  throw new InvalidOptionsError(
    `DatabaseBackend supports PostgreSQL, SQLite and MySQL or MariaDB; the dialect with the adapter ${name} is none of them`
  )
}

/**
 * Looks for Kysely's methods and not for its class, since the application may have a second copy of Kysely.
 *
 * @throws InvalidOptionsError
 */
export function assertKysely (db: unknown, path: string): asserts db is AnyKysely {
  if (hasMethods(db, KYSELY_METHODS)) return
  throw unexpected(`${path}.db`, 'a Kysely instance', db, 'for example `new Kysely({ dialect: new PostgresDialect({ pool }) })`')
}

/**
 * Refuses a transaction: if the application rolled it back, its sessions would be undone with it.
 *
 * @throws InvalidOptionsError
 */
export function assertNoTransaction (db: AnyKysely): void {
  if (!db.isTransaction) return
  throw new InvalidOptionsError('Expected `DatabaseBackend.db` to be a Kysely instance outside a transaction, got a transaction')
}
