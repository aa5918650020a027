import type { Compilable, CompiledQuery } from 'kysely'
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

/** Makes what sends a compiled statement with its parameters. */
export type Prepare = (compiled: CompiledQuery) => (parameters: readonly unknown[]) => Promise<Answer>

/**
 * Sends statements through Kysely. The application's plugins take part in compiling them (`withSchema` is one), and not in
 * what comes back, which only this library reads.
 */
export function throughKysely (db: AnyKysely): Prepare {
  const plain = db.withoutPlugins()
  return compiled => async parameters => {
    const { rows, numAffectedRows } = await plain.executeQuery({ ...compiled, parameters })
    return { rows: rows as Answer['rows'], affected: Number(numAffectedRows ?? 0) }
  }
}

/** A statement that is built and compiled once and run with new values each time, in no transaction. */
export function statement (prepare: Prepare, query: Compilable): Statement {
  const compiled = query.compile()
  const send = prepare(compiled)
  return async values => {
    const parameters = compiled.parameters.map(value => value instanceof Slot ? values[value.name] : value)
    return await retryTransient(() => send(parameters))
  }
}
