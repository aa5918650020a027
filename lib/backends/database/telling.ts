import type { Compilable, CompiledQuery } from 'kysely'
import type { Place } from './names.ts'
import { hasCode, type Prepare, slot, type Statement, statement, statementOf } from './statement.ts'

/** Makes statements of queries. */
export interface Compile {
  plain (query: Compilable): Statement
  /** Of a change: tells the ids of the rows, where the slot `channel` has a value. */
  change (query: Changing): Statement
  /** Of the end of all sessions of a property: tells that anything may have changed. */
  end (query: Compilable): Statement
}

interface Changing extends Compilable {
  returning (column: string): Compilable
}

/** So many ids and more are told as "anything may have changed". */
const MOST_TOLD = 1_000
/** The function is missing, as in some databases that speak the protocol of PostgreSQL; or this user may not call it. */
const CANNOT_TELL = new Set<unknown>(['42883', '0A000', '42501'])

export function plainThrough (prepare: Prepare): Compile {
  const plain = (query: Compilable): Statement => statement(prepare, query)
  return { plain, change: plain, end: plain }
}

/**
 * PostgreSQL tells what a statement has changed when it commits, in the statement itself: there is no moment between the change and
 * the report in which a process could die.
 */
export function tellingThrough (prepare: Prepare, { columns }: Place): Compile {
  const plain = (query: Compilable): Statement => statement(prepare, query)
  const telling = (query: Compilable, silent: Statement, selection: string): Statement =>
    ifTold(silent, statementOf(prepare, withNotice(query.compile(), selection)))
  return {
    plain,
    change: query => telling(query.returning(columns.id), plain(query),
      `case when (select count(*) from changed) > ${MOST_TOLD} then '' else id::text end) from changed`),
    end: query => telling(query, plain(query), '\'\')')
  }
}

/** @param selection the rest of the statement, from the second argument of `pg_notify` on */
function withNotice (compiled: CompiledQuery, selection: string): CompiledQuery {
  const { sql, parameters } = compiled
  const columns = selection.endsWith('from changed') ? ' (id)' : ''
  return {
    ...compiled,
    sql: `with changed${columns} as (${sql}) select pg_notify($${parameters.length + 1}, ${selection}`,
    parameters: [...parameters, slot('channel')]
  }
}

function ifTold (silent: Statement, told: Statement): Statement {
  let canTell = true
  return async values => {
    if (!canTell || values['channel'] === undefined) return await silent(values)
    try {
      return await told(values)
    } catch (error) {
      if (!hasCode(error, CANNOT_TELL)) throw error
      // If the error was another right that is missing, this statement says so.
      const answer = await silent(values)
      canTell = false
      return answer
    }
  }
}
