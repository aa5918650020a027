import type { Compilable } from 'kysely'
import type { AnyKysely } from './dialect.ts'
import { retryTransient } from './retry.ts'

/** Where a value goes that differs from call to call. */
export class Slot {
  readonly name: string

  constructor (name: string) {
    this.name = name
  }
}

/** A place for a value; Kysely takes it for the value itself. */
export function slot (name: string): any { return new Slot(name) }

export type Values = Readonly<Record<string, unknown>>

export interface Answer {
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** Inserted, updated or deleted ones. */
  readonly affected: number
}

export type Statement = (values: Values) => Promise<Answer>

/**
 * A statement that is built and compiled once and run with new values each time, in no transaction.
 *
 * The application's plugins take part in compiling it (`withSchema` is one), and not in what comes back, which only this
 * library reads.
 */
export function statement (db: AnyKysely, query: Compilable): Statement {
  const compiled = query.compile()
  const plain = db.withoutPlugins()
  return async values => {
    const parameters = compiled.parameters.map(value => value instanceof Slot ? values[value.name] : value)
    const { rows, numAffectedRows } = await retryTransient(() => plain.executeQuery({ ...compiled, parameters }))
    return { rows: rows as Answer['rows'], affected: Number(numAffectedRows ?? 0) }
  }
}
