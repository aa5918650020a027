import type { Compilable, CompiledQuery } from 'kysely'
import type { AnyKysely } from './dialect.ts'

/** The place in a statement for a value which differs from call to call. */
export class Slot {
  readonly name: string

  constructor (name: string) {
    this.name = name
  }
}

/** A slot as an argument for Kysely, which takes the slot for the value. */
export function slot (name: string): any { return new Slot(name) }

/** The values for the slots of a statement, by name. */
export type Values = Readonly<Record<string, unknown>>

export interface Answer {
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** How many rows were inserted, updated or deleted. */
  readonly affected: number
}

export type Statement = (values: Values) => Promise<Answer>

/** Makes the function which sends a compiled statement with its parameters, again if the database undid it (`retryTransient`). */
export type Prepare = (compiled: CompiledQuery) => (parameters: readonly unknown[]) => Promise<Answer>

/**
 * Sends statements through Kysely. The application's plugins take part in compiling a statement (`withSchema` is a plugin),
 * but not in reading the result, since only this library reads the rows.
 */
export function throughKysely (db: AnyKysely): Prepare {
  const plain = db.withoutPlugins()
  return compiled => async parameters => await retryTransient(async () => {
    const { rows, numAffectedRows } = await plain.executeQuery({ ...compiled, parameters })
    return { rows: rows as Answer['rows'], affected: Number(numAffectedRows ?? 0) }
  })
}

/** Compiles a query once, and runs the statement with new values each time, outside a transaction. */
export function statement (prepare: Prepare, query: Compilable): Statement { return statementOf(prepare, query.compile()) }

/** The same of a query that is compiled already. */
export function statementOf (prepare: Prepare, compiled: CompiledQuery): Statement {
  const send = prepare(compiled)
  return async values => {
    return await send(compiled.parameters.map(value => value instanceof Slot ? values[value.name] : value))
  }
}

const MAX_TRIES = 6
const FIRST_PAUSE_MS = 5
/** Later, most clients have given up; and while a statement waits for a lock, its connection is missing in the pool. */
const MAX_MS = 2_000

/**
 * PostgreSQL: serialization failure, deadlock. SQLite: another process writes. MySQL and MariaDB: lock wait timeout,
 * deadlock, row changed since the snapshot.
 */
const TRANSIENT = new Set<unknown>(['40001', '40P01', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED', 1205, 1213, 1020])
/** The same of node:sqlite: SQLITE_BUSY, SQLITE_LOCKED, and SQLITE_BUSY_SNAPSHOT. */
const TRANSIENT_IN_NODE = new Set<unknown>([5, 6, 517])

/**
 * Runs a single statement, and again when the database undid it in favour of a concurrent statement.
 *
 * @throws the driver's error, without the values of the statement
 */
export async function retryTransient<T> (run: () => Promise<T>, now: () => number = Date.now): Promise<T> {
  const start = now()
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      const isLast = tries === MAX_TRIES || now() - start > MAX_MS
      if (isLast || !isTransient(error)) throw withoutValues(error)
    }
    // A random pause, longer with each try, so that statements which collided do not collide again.
    await new Promise(resolve => { setTimeout(resolve, Math.random() * FIRST_PAUSE_MS * 2 ** tries) })
  }
}

/** Whether the database undid the statement, or did not begin it, in favour of a concurrent statement. */
export function isTransient (error: unknown): boolean {
  return hasCode(error, TRANSIENT) || TRANSIENT_IN_NODE.has(Object(error).errcode)
}

/** Whether the driver's error has one of these codes: `code` is text in most drivers, `errno` a number in mysql2. */
export function hasCode (error: unknown, codes: ReadonlySet<unknown>): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, errno } = error as { code?: unknown, errno?: unknown }
  return codes.has(code) || codes.has(errno)
}

const KEPT = ['code', 'errno', 'errcode', 'sqlState', 'severity', 'table', 'column', 'constraint', 'routine']

/**
 * A copy of the driver's error which is safe to log. Drivers add values of the statement, which users typed: mysql2 the whole
 * statement, PGlite its parameters, PostgreSQL the row that failed.
 */
function withoutValues (error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { message, name, stack } = error
  const kept = Object.entries(error).filter(([key]) => KEPT.includes(key))
  return Object.assign(new Error(message), { name, stack }, Object.fromEntries(kept))
}
