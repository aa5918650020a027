import { hash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { hasMethods, unexpected } from '../../tools/check-options.ts'
import type { AnyKysely } from './dialect.ts'
import type { Prepare } from './statement.ts'

/** The part of a pool of `pg` which this library uses. */
export interface PoolLike {
  listenerCount (event: string): number
  connect (): Promise<{ listenerCount (event: string): number, release (): void }>
  query (config: { name: string, text: string, values: unknown[] }): Promise<PoolAnswer>
}

interface PoolAnswer {
  rows: Array<Record<string, unknown>>
  rowCount: number | null
}

const POOL_METHODS = ['listenerCount', 'connect', 'query']

/** Hex digits of the hash in a statement's name. PostgreSQL cuts names after 63 bytes. */
const NAME_CHARS = 32

type Log = Pick<FastifyBaseLogger, 'warn'>

const REMEDY = 'pool.on(\'error\', () => {}); pool.on(\'connect\', client => { client.on(\'error\', () => {}) })'
const DANGER = 'a connection that the server closes ends the whole process'
const CANNOT_CHECK = `without listeners for errors on pg's pool, ${DANGER}; ` +
  `add ${REMEDY} and hand the pool to DatabaseBackend as \`pool\`, so that this is checked (\`false\`: no check)`
const NOT_HEARD = `pg's pool has no listeners for errors, so that ${DANGER}; add ${REMEDY}`

/** Kysely's own connection class for `pg`. PGlite, which has no connections to lose, has a different class. */
const PG_CONNECTION = 'PostgresConnection'

/** @throws InvalidOptionsError */
export function assertPool (pool: unknown): asserts pool is PoolLike | false | undefined {
  if (pool === undefined || pool === false || hasMethods(pool, POOL_METHODS)) return
  throw unexpected('DatabaseBackend.pool', 'the pool of pg that Kysely uses, or false', pool)
}

/**
 * Sends statements by name through pg's pool, so that the server parses and plans each statement once per connection. Kysely
 * cannot name statements.
 */
export function throughPool (pool: PoolLike): Prepare {
  return ({ sql: text }) => {
    const name = `fastsessions_${hash('sha256', text, 'hex').slice(0, NAME_CHARS)}`
    return async parameters => {
      const { rows, rowCount } = await pool.query({ name, text, values: [...parameters] })
      return { rows, affected: Number(rowCount) }
    }
  }
}

/**
 * Warns when a restart of PostgreSQL would end the application: Node ends a process on an `error` event without a listener,
 * pg's pool listens only while a connection is idle, and Kysely does not listen. The pool must be handed over for the check,
 * since Kysely does not give access to its pool.
 */
export async function checkPool (pool: PoolLike | false | undefined, db: AnyKysely, log: Log): Promise<void> {
  if (pool === false) return
  if (pool === undefined) {
    const name = await db.getExecutor().provideConnection(async connection => connection.constructor.name)
    if (name === PG_CONNECTION) log.warn(CANNOT_CHECK)
    return
  }
  const client = await pool.connect()
  const isHeard = client.listenerCount('error') > 0 && pool.listenerCount('error') > 0
  client.release()
  if (!isHeard) log.warn(NOT_HEARD)
}
