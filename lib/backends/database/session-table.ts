import type { SessionRecord } from '../../../types/index.d.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { type KeyFilter, labelsOf } from '../index-keys.ts'
import { type AnyKysely, type Dialect, dialectOf } from './dialect.ts'
import type { ExtraValues } from './extra.ts'
import type { Place } from './names.ts'
import { joined } from './joined.ts'
import { MAX_LISTED, readsOfArray, readsOfList } from './joined-reads.ts'
import { idOf, replacesOfObjects } from './joined-replace.ts'
import { MAX_ROWS } from './postgres-rows.ts'
import { type PoolOption, type Pools, poolsOf, throughPool } from './pool.ts'
import { valuesOf } from './rows.ts'
import { LabelColumns } from './label-columns.ts'
import { createSelections, nameOf, type Selections, type Shape } from './selections.ts'
import { throughHandle } from './sqlite.ts'
import { hasCode, type Statement, throughKysely, type Values } from './statement.ts'
import { createStatements, createWrites, type Statements, type Writes } from './statements.ts'
import { within } from './table.ts'
import { type Compile, plainThrough, tellingThrough } from './telling.ts'

const MAX_WRITES = 100
const MAX_CREATE_TRIES = 2
/** A try fails only because concurrent requests create and remove the session in turn, or because the id is taken. */
const MAX_OVERWRITE_TRIES = 20
const MYSQL_DUPLICATE_ENTRY = new Set([1062])

/** The statements for a table. Each is compiled once, however many registrations use the table. */
export class SessionTable {
  readonly db: AnyKysely
  readonly dialect: Dialect
  readonly place: Place
  readonly pools: Pools
  readonly statements: Statements
  readonly labels: LabelColumns
  readonly #compile: Compile
  /** By the names of the application's own columns, which may differ from write to write. */
  readonly #writes = new Map<string, Writes>()
  readonly #selections = new Map<string, Selections>()

  /**
   * @param pool what Kysely uses, when statements are to be prepared, else `undefined` or `false`
   * @throws InvalidOptionsError
   */
  constructor (db: AnyKysely, place: Place, pool: PoolOption | undefined) {
    this.db = db
    this.dialect = dialectOf(db)
    this.place = place
    this.pools = poolsOf(pool, this.dialect)
    this.#compile = compileFor(db, this.pools, place)
    const statements = createStatements(within(db, place.schema), this.#compile, this.dialect, place)
    this.statements = { ...statements, read: this.#joinedRead(statements.read) }
    this.labels = new LabelColumns(db, this.dialect, place)
  }

  /**
   * @param more values for the slots which are not in the record: `property`, `now`, `expected`, `channel`
   * @param standing called after a refused write
   * @throws InvalidOptionsError for a session with labels, in a table without columns for labels
   */
  async prepareWrite (record: SessionRecord, { names, values }: ExtraValues, more: Values, standing: Standing): Promise<RowWrite> {
    if (labelsOf(record).length > 0) await this.labels.assertThere()
    const writes = this.#writesOf(names, await this.labels.areThere())
    return new RowWrite(record.id, writes, { ...values, ...valuesOf(record), ...more }, standing)
  }

  /**
   * The statements about the sessions that match a filter.
   *
   * @throws InvalidOptionsError for a label, in a table without columns for labels
   */
  async selections (filter: KeyFilter, withOwnColumns = false): Promise<Selections> {
    if (filter.label !== undefined) await this.labels.assertThere()
    const shape: Shape = { filter, hasLabels: await this.labels.areThere(), withOwnColumns }
    const name = nameOf(shape)
    let selections = this.#selections.get(name)
    if (selections === undefined) {
      selections = createSelections(within(this.db, this.place.schema), this.#compile, this.dialect, this.place, shape)
      this.#selections.set(name, selections)
    }
    return selections
  }

  #writesOf (extra: readonly string[], hasLabels: boolean): Writes {
    const key = [hasLabels, ...extra].join('\0')
    let writes = this.#writes.get(key)
    if (writes === undefined) {
      if (this.#writes.size === MAX_WRITES) this.#writes.clear()
      writes = createWrites(within(this.db, this.place.schema), this.#compile, this.dialect, this.place, { hasLabels, extra })
      if (this.pools.pg && extra.length === 0) writes = { ...writes, replace: this.#joinedReplace(writes.replace, hasLabels) }
      this.#writes.set(key, writes)
    }
    return writes
  }

  #joinedRead (read: Statement): Statement {
    const db = within(this.db, this.place.schema)
    if (this.pools.pg) return joined(read, readsOfArray(db, this.#compile, this.place), { maxRows: MAX_ROWS })
    if (this.dialect === 'sqlite') return read
    return joined(read, readsOfList(db, this.#compile, this.place), { maxRows: MAX_LISTED })
  }

  #joinedReplace (replace: Statement, hasLabels: boolean): Statement {
    const together = replacesOfObjects(within(this.db, this.place.schema), this.#compile, this.place, hasLabels)
    const several = joined(replace, together, { maxRows: MAX_ROWS, keyOf: idOf })
    // The end of a session is told by its own statement.
    return values => values['channel'] === undefined ? several(values) : replace(values)
  }
}

function compileFor (db: AnyKysely, { pg, sqlite }: Pools, place: Place): Compile {
  if (pg) return tellingThrough(throughPool(pg), place)
  return plainThrough(sqlite === undefined ? throughKysely(db) : throughHandle(sqlite, throughKysely(db)))
}

/** The answer of a write: the id when the write's own version is stored; else the record that stands, or `null` for none. */
export type WriteAnswer = string | SessionRecord | null

/** Reads the session again for the answer of a refused write. */
export type Standing = () => Promise<WriteAnswer>

/** A single write of a row. */
export class RowWrite {
  readonly #id: string
  readonly #writes: Writes
  readonly #values: Values
  readonly #standing: Standing

  constructor (id: string, writes: Writes, values: Values, standing: Standing) {
    this.#id = id
    this.#writes = writes
    this.#values = values
    this.#standing = standing
  }

  /** Replaces the row if its version is the expected version. */
  async replace (): Promise<WriteAnswer> {
    return await this.#run('replace') ? this.#id : await this.#standing()
  }

  /**
   * Stores the row where no live session stands.
   *
   * MySQL's INSERT only says that the key exists. The row may be a live session (a conflict), or expired (the write takes the
   * row over), or removed by now (the INSERT is tried once more).
   *
   * @throws the driver's error when the existing key is a unique key of the application's own, or on MySQL the id of a session of
   * a different registration
   */
  async create (): Promise<WriteAnswer> {
    let tries = 0
    let answer: boolean | DuplicateKey
    do {
      answer = await this.#insert()
      if (answer === true) return this.#id
      const stands = await this.#standing()
      if (stands !== null || answer === false) return stands
      if (await this.#run('takeOver')) return this.#id
    } while (++tries < MAX_CREATE_TRIES)
    throw answer.error
  }

  /**
   * Stores the row, with no regard to the version that stands.
   *
   * @throws BackendUnavailableError when the id stays taken, such as by a session of a different registration
   */
  async overwrite (): Promise<string> {
    for (let tries = 0; tries < MAX_OVERWRITE_TRIES; tries++) {
      // Between the two statements, a concurrent request may create or remove the session: then both are tried again.
      if (await this.#run('overwrite') || await this.create() === this.#id) return this.#id
    }
    throw new BackendUnavailableError(`The row of the session could not be written in ${MAX_OVERWRITE_TRIES} tries`)
  }

  /** Whether the row was inserted; on MySQL, the driver's error when the key exists. */
  async #insert (): Promise<boolean | DuplicateKey> {
    try {
      return await this.#run('insert')
    } catch (error) {
      // INSERT IGNORE would avoid the error, but would also cut a text which is too long, without an error.
      if (hasCode(error, MYSQL_DUPLICATE_ENTRY)) return new DuplicateKey(error)
      throw error
    }
  }

  async #run (name: keyof Writes): Promise<boolean> {
    const { affected } = await this.#writes[name](this.#values)
    return affected > 0
  }
}

class DuplicateKey {
  readonly error: unknown

  constructor (error: unknown) {
    this.error = error
  }
}
