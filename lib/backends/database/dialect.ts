import type { Kysely } from 'kysely'
import { InvalidOptionsError } from '../../errors.ts'

export type Dialect = 'postgres' | 'sqlite' | 'mysql'

/** A Kysely of tables that this library does not know. */
export type AnyKysely = Kysely<any>

// How each dialect writes `select "c" from "t" where "c" = 1`.
const SHAPES: ReadonlyArray<readonly [RegExp, Dialect]> = [
  [/^select "c" from "t" where "c" = \$1$/, 'postgres'],
  [/^select "c" from "t" where "c" = \?$/, 'sqlite'],
  [/^select `c` from `t` where `c` = \?$/, 'mysql']
]

/**
 * Which SQL to write, told by how the Kysely instance quotes names and numbers parameters: names of classes do not survive
 * bundlers, and dialects made by others bring classes of their own.
 *
 * @throws InvalidOptionsError for one that is not supported
 */
export function dialectOf (db: AnyKysely): Dialect {
  const { sql } = db.withoutPlugins().selectFrom('t').select('c').where('c', '=', 1).compile()
  for (const [shape, dialect] of SHAPES) if (shape.test(sql)) return dialect
  const { name } = db.getExecutor().adapter.constructor
  throw new InvalidOptionsError(`DatabaseBackend supports PostgreSQL, SQLite and MySQL or MariaDB; the dialect with the adapter ${name} is none of them`)
}
