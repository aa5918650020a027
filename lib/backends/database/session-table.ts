import type { SessionRecord } from '../../../types/index.d.ts'
import { type AnyKysely, type Dialect, dialectOf } from './dialect.ts'
import type { ExtraValues } from './extra.ts'
import type { Place } from './names.ts'
import { type PoolLike, throughPool } from './pool.ts'
import { codesOf } from './retry.ts'
import { valuesOf } from './rows.ts'
import { type Prepare, throughKysely, type Values } from './statement.ts'
import { createStatements, createWrites, type Statements, type Writes } from './statements.ts'
import { within } from './table.ts'

const MAX_WRITES = 100
const MYSQL_DUPLICATE_ENTRY = 1062

/** The statements for one table, each compiled once, whatever number of registrations use it. */
export class SessionTable {
  readonly db: AnyKysely
  readonly dialect: Dialect
  readonly place: Place
  readonly statements: Statements
  readonly #prepare: Prepare
  /** By the names of the application's own columns, which may differ from write to write. */
  readonly #writes = new Map<string, Writes>()

  /** @param pool pg's, where statements are to be prepared on the server */
  constructor (db: AnyKysely, place: Place, pool: PoolLike | false | undefined) {
    this.db = db
    this.dialect = dialectOf(db)
    this.place = place
    this.#prepare = pool && this.dialect === 'postgres' ? throughPool(pool) : throughKysely(db)
    this.statements = createStatements(within(db, place.schema), this.#prepare, this.dialect, place)
  }

  /** One write of a record, for the statements that know how. */
  prepareWrite (record: SessionRecord, { names, values }: ExtraValues, more: Values): RowWrite {
    return new RowWrite(this.#writesOf(names), { ...values, ...valuesOf(record), ...more })
  }

  #writesOf (names: readonly string[]): Writes {
    const key = names.join('\0')
    let writes = this.#writes.get(key)
    if (writes === undefined) {
      if (this.#writes.size === MAX_WRITES) this.#writes.clear()
      writes = createWrites(within(this.db, this.place.schema), this.#prepare, this.dialect, this.place, names)
      this.#writes.set(key, writes)
    }
    return writes
  }
}

/** A row that is to be written; each method is one statement. */
export class RowWrite {
  readonly #writes: Writes
  readonly #values: Values

  constructor (writes: Writes, values: Values) {
    this.#writes = writes
    this.#values = values
  }

  /** Where nothing live stands: `true`, or MySQL's error of the key that exists already, or `false`. */
  async insert (): Promise<true | false | DuplicateKey> {
    try {
      return await this.#run('insert')
    } catch (error) {
      // INSERT IGNORE would not only ignore the key that exists, it would also cut texts that are too long.
      if (codesOf(error).errno === MYSQL_DUPLICATE_ENTRY) return new DuplicateKey(error)
      throw error
    }
  }

  async replace (): Promise<boolean> { return await this.#run('replace') }
  async overwrite (): Promise<boolean> { return await this.#run('overwrite') }
  async takeOver (): Promise<boolean> { return await this.#run('takeOver') }

  async #run (name: keyof Writes): Promise<boolean> {
    return (await this.#writes[name](this.#values)).affected > 0
  }
}

export class DuplicateKey {
  readonly error: unknown

  constructor (error: unknown) {
    this.error = error
  }
}
