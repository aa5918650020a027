import { sql } from 'kysely'
import { unexpected } from '../../tools/check-options.ts'
import { randomVersion } from '../../crypto/random.ts'
import { Batcher } from '../../tools/batcher.ts'
import type { AnyKysely } from './dialect.ts'
import { type Answer, hasCode, isTransient, type Prepare, retryTransient } from './statement.ts'

/** The part of a `Database` of better-sqlite3, and of a `DatabaseSync` of node:sqlite, which this library uses. */
export interface SqliteLike {
  prepare (sql: string): SqliteStatement
  exec (sql: string): unknown
  /** Of better-sqlite3. */
  readonly inTransaction?: boolean
  /** Of node:sqlite, since Node 22.16. */
  readonly isTransaction?: boolean
}

interface SqliteStatement {
  all (...values: any[]): unknown[]
  run (...values: any[]): { readonly changes: number | bigint }
}

interface Write {
  /** By the prepared statement, at once. */
  readonly run: () => Answer
  /** Through Kysely, where a statement waits for the end of a transaction. */
  readonly wait: () => Promise<Answer>
}

/** A transaction holds up the event loop: some 10 µs a row. */
const MAX_ROWS = 100
/** As long as the tries for a file that is busy. */
const PATIENCE_MS = 2_000
const OPEN = 'FASTSESSIONS_TRANSACTION_OPEN'
const IS_OPEN = new Set([OPEN])
/** `user_version` has 32 bits, with a sign. */
const MAX_MARK = 2 ** 31 - 1

/**
 * Sends statements by prepared statements on the handle that Kysely uses, past Kysely. Reads are answered at once. All writes of one
 * turn are one transaction, which begins and ends without a pause: nobody sees it, and it costs one synchronization of the file.
 *
 * The application's transaction on the handle must not take in statements of this library, since a rollback would undo them. While it
 * is open (or when the handle cannot tell), statements go through Kysely, which lets them wait for its own transactions.
 */
export function throughHandle (database: SqliteLike, throughKysely: Prepare): Prepare {
  const writes = new Batcher<Write, Answer>({
    together: async items => await retryTransient(() => writeTogether(database, items)),
    alone: item => item.wait(),
    splits: isAboutRow,
    maxItems: MAX_ROWS,
    lanes: 1,
    patienceMs: PATIENCE_MS
  })
  return compiled => {
    const wait = throughKysely(compiled)
    let prepared: SqliteStatement | undefined
    const statement = (): SqliteStatement => {
      prepared ??= database.prepare(compiled.sql)
      return prepared
    }
    const read = async (parameters: readonly unknown[]): Promise<Answer> =>
      ({ rows: statement().all(...parameters) as Answer['rows'], affected: 0 })
    const run = (parameters: readonly unknown[]): Answer =>
      ({ rows: [], affected: Number(statement().run(...parameters).changes) })
    const send = compiled.query.kind === 'SelectQueryNode'
      ? (parameters: readonly unknown[]) => retryTransient(() => read(parameters))
      : (parameters: readonly unknown[]) => writes.add({ run: () => run(parameters), wait: () => wait(parameters) })
    return async parameters => await (isFree(database) ? send(parameters) : wait(parameters))
  }
}

async function writeTogether (database: SqliteLike, items: readonly Write[]): Promise<Answer[]> {
  // The application may have begun a transaction meanwhile.
  if (!isFree(database)) throw Object.assign(new Error('the application has a transaction open'), { code: OPEN })
  if (items.length === 1) return [items[0]!.run()]
  database.exec('begin immediate')
  try {
    const answers = items.map(({ run }) => run())
    database.exec('commit')
    return answers
  } catch (error) {
    // Some errors have ended the transaction.
    if (!isFree(database)) database.exec('rollback')
    throw error
  }
}

/** Whether each row is to be tried alone, through Kysely. A file that stays busy is so for all rows. */
function isAboutRow (error: unknown, count: number): boolean {
  // better-sqlite3 writes nothing while the application reads rows one by one. Kysely waits for the last one.
  const cannotYet = hasCode(error, IS_OPEN) || Object(error).name === 'TypeError'
  return cannotYet || (count > 1 && !isTransient(error))
}

function isFree ({ inTransaction, isTransaction }: SqliteLike): boolean { return (inTransaction ?? isTransaction) === false }

/** Marks the handle, and looks for the mark through Kysely. @throws InvalidOptionsError when Kysely uses a different handle */
export async function checkHandle (database: SqliteLike, db: AnyKysely): Promise<void> {
  // A number of the handle itself, which is in no file.
  const numberOf = (rows: readonly unknown[]): unknown => Object.values(rows[0] as object)[0]
  const marked = (): unknown => numberOf(database.prepare('pragma temp.user_version').all())
  if (marked() === 0) database.exec(`pragma temp.user_version = ${1 + randomVersion() % MAX_MARK}`)
  const { rows } = await sql`pragma temp.user_version`.execute(db.withoutPlugins())
  if (numberOf(rows) === marked()) return
  throw unexpected('DatabaseBackend.pool', 'the Database that Kysely uses', database, 'Kysely uses a different one')
}
