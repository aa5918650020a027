import { hash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { hasMethods, unexpected } from '../../tools/check-options.ts'
import type { AnyKysely, Dialect } from './dialect.ts'
import type { SqliteLike } from './sqlite.ts'
import { type Prepare, retryTransient } from './statement.ts'

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

/** What Kysely uses, as the application hands it over; `false` for statements that are not prepared, and no checks. */
export type PoolOption = PoolLike | SqliteLike | false

/** The same by its kind. */
export interface Pools {
  readonly pg: PoolLike | false | undefined
  readonly sqlite: SqliteLike | undefined
}

const POOL_METHODS = ['listenerCount', 'connect', 'query']
const SQLITE_METHODS = ['prepare', 'exec']
const EXPECTED: Readonly<Record<Dialect, string>> = {
  postgres: 'the pool of pg that Kysely uses, or false',
  sqlite: 'the Database of better-sqlite3 or node:sqlite that Kysely uses, or false',
  mysql: 'left out with MySQL and MariaDB'
}

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

/** @throws InvalidOptionsError for what is no pool, or the pool of a different kind of database */
export function poolsOf (pool: PoolOption | undefined, dialect: Dialect): Pools {
  if (pool === undefined || pool === false) return { pg: pool, sqlite: undefined }
  if (dialect === 'postgres' && isPgPool(pool)) return { pg: pool, sqlite: undefined }
  if (dialect === 'sqlite' && isSqlite(pool)) return { pg: undefined, sqlite: pool }
  throw unexpected('DatabaseBackend.pool', EXPECTED[dialect], pool)
}

function isPgPool (pool: unknown): pool is PoolLike { return hasMethods(pool, POOL_METHODS) }

function isSqlite (pool: unknown): pool is SqliteLike { return hasMethods(pool, SQLITE_METHODS) }

/**
 * Sends statements by name through pg's pool, so that the server parses and plans each statement once per connection. Kysely
 * cannot name statements.
 */
export function throughPool (pool: PoolLike): Prepare {
  return ({ sql: text }) => {
    const name = `fastsessions_${hash('sha256', text, 'hex').slice(0, NAME_CHARS)}`
    return async parameters => await retryTransient(async () => {
      const { rows, rowCount } = await pool.query({ name, text, values: [...parameters] })
      return { rows, affected: Number(rowCount) }
    })
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
