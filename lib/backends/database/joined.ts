import { Batcher } from '../../tools/batcher.ts'
import { type Answer, hasCode, type Statement, type Values } from './statement.ts'

/** Sends a statement for several rows, two or more. Answers for each row, in their order. */
export type Together = (rows: readonly Values[]) => Promise<readonly Answer[]>

export interface JoinedOptions {
  readonly maxRows: number
  /** For statements of which a row may be in one only at a time: those which lock the row. */
  readonly keyOf?: (row: Values) => string
}

/**
 * So many statements of a kind may be under way at the same time. One to four came to the same in throughput, for 8 to 100 clients of a
 * process; six and ten cost more, since batches are smaller. So three: a statement that waits for the server leaves two for the rest.
 */
const LANES = 3
/** A connection that is lost and does not know it answers after minutes. Others of the pool may be good. */
const PATIENCE_MS = 1_000
/** The text of a statement is in memory several times, here and in the server. In UTF-16 units. */
const MAX_CHARS = 1_000_000

/**
 * Never this statement: a column of a type that needs a conversion, a function that is missing (in databases that speak the protocol
 * of PostgreSQL), syntax, or names that clash. The statement for a single row is less demanding.
 */
const CANNOT_JOIN = new Set<unknown>(['42804', '42883', '42601', '42702', '42712', '0A000'])
/** Classes of SQLSTATE which say nothing about a row: connection, read-only server, login, database, resources, shutdown, system. */
const ABOUT_SERVER = /^(?:08|25|28|3D|53|57P|58)/

export const NO_ROWS: Answer = { rows: [], affected: 0 }

/**
 * Makes a statement whose calls in one turn of the event loop go together.
 *
 * When the server refuses them, each row is sent alone, so that only the row to blame fails. When the server cannot be reached, all
 * fail with one error: as many statements more would only wait for the same server.
 *
 * @param single the same statement for a single row
 */
export function joined (single: Statement, together: Together, { maxRows, keyOf }: JoinedOptions): Statement {
  let canJoin = true
  const batcher = new Batcher<Values, Answer>({
    together: async rows => rows.length === 1 ? [await single(rows[0]!)] : await together(rows),
    alone: single,
    splits (error, count) {
      if (count === 1) return false
      if (hasCode(error, CANNOT_JOIN)) canJoin = false
      return isAnswer(error)
    },
    ...(keyOf !== undefined && { keyOf }),
    sizeOf: ({ data = '' }) => (data as string).length,
    maxItems: maxRows,
    maxSize: MAX_CHARS,
    lanes: LANES,
    patienceMs: PATIENCE_MS
  })
  return values => canJoin ? batcher.add(values) : single(values)
}

/** Whether an error is the answer of a server that is able to answer. PostgreSQL: `severity` and `code`. MySQL: `sqlState`. */
function isAnswer (error: unknown): boolean {
  const { severity, code, sqlState } = Object(error) as { severity?: string, code?: string, sqlState?: string }
  const state = severity === undefined ? sqlState : code
  return state !== undefined && !ABOUT_SERVER.test(state)
}
