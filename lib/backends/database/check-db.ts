import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import type { AnyKysely } from './dialect.ts'

const METHODS = ['selectFrom', 'insertInto', 'executeQuery', 'withoutPlugins', 'getExecutor'] as const

/**
 * Asks for the methods and not for the class: an application may have another copy of Kysely.
 *
 * @throws InvalidOptionsError
 */
export function assertKysely (db: unknown, path: string): asserts db is AnyKysely {
  const isKysely = typeof db === 'object' && db !== null && METHODS.every(name => typeof (db as Record<string, unknown>)[name] === 'function')
  if (!isKysely) throw unexpected(`${path}.db`, 'a Kysely instance', db, 'for example `new Kysely({ dialect: new PostgresDialect({ pool }) })`')
}

/** Sessions are not part of anybody's transaction. @throws InvalidOptionsError */
export function assertNoTransaction (db: AnyKysely): void {
  if (db.isTransaction) throw new InvalidOptionsError('Expected `DatabaseBackend.db` to be a Kysely instance outside a transaction, got a transaction')
}
