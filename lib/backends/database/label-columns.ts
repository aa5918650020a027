import { InvalidOptionsError } from '../../errors.ts'
import { isNoColumn, lookAt } from './columns.ts'
import type { AnyKysely, Dialect } from './dialect.ts'
import { LABEL_FIELDS, type Place } from './names.ts'
import { retryTransient } from './statement.ts'
import { labelSql, nameOf } from './table.ts'

/** Knows whether a table has the columns for labels: those made by version 0.1.0 have not, and hold sessions without labels. */
export class LabelColumns {
  readonly #db: AnyKysely
  readonly #dialect: Dialect
  readonly #place: Place
  #answer: Promise<boolean> | undefined

  constructor (db: AnyKysely, dialect: Dialect, place: Place) {
    this.#db = db
    this.#dialect = dialect
    this.#place = place
  }

  /** Whether all columns are there: looked up once, in the hope that the start of the application has done so. */
  async areThere (): Promise<boolean> {
    this.#answer ??= retryTransient(() => this.#look())
    try {
      return await this.#answer
    } catch (error) {
      // The database is down, say. The next call looks again.
      this.#answer = undefined
      throw error
    }
  }

  /** Looks again where columns were missing before. @throws InvalidOptionsError where they are missing still */
  async assertThere (): Promise<void> {
    if (await this.areThere()) return
    this.#answer = undefined
    if (await this.areThere()) return
    throw new InvalidOptionsError(`The table ${nameOf(this.#place)} has no columns for labels. Add them, and start the application ` +
      `anew on every node:\n${labelSql(this.#db, this.#dialect, this.#place)}`)
  }

  async #look (): Promise<boolean> {
    try {
      await lookAt(this.#db, this.#place, LABEL_FIELDS)
      return true
    } catch (error) {
      if (isNoColumn(error)) return false
      throw error
    }
  }
}
