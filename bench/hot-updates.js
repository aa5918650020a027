import { setTimeout } from 'node:timers/promises'
import { round } from './statistics.js'

/** Whose table is whose. */
const TABLES = {
  'fastsessions, PostgreSQL': 'sessions',
  'by hand, PostgreSQL': 'by_hand',
  '@fastify/session, connect-pg-simple': 'connect_pg_simple'
}
const NONE = { updates: 0, hot: 0 }
const TRIES = 50
const PAUSE_MS = 100

/**
 * Counts the updates of contestants on PostgreSQL from now on, and how many of them are HOT: those that touch no index.
 * @returns a function for when their processes have ended, which answers `{ [name]: { updates, hot } }`: `hot` is a share, `null` of none
 */
export async function countUpdates (contestants, url) {
  const names = contestants.map(({ name }) => name).filter(name => TABLES[name] !== undefined)
  if (names.length === 0) return async () => ({})
  const before = await countsOf(url)
  return async () => {
    const after = await countsOf(url)
    return Object.fromEntries(names.map(name => [name, sharesOf(before[TABLES[name]], after[TABLES[name]])]))
  }
}

function sharesOf (before = NONE, after = NONE) {
  const updates = after.updates - before.updates
  return { updates, hot: updates === 0 ? null : round((after.hot - before.hot) / updates) }
}

async function countsOf (url) {
  const { default: pg } = await import('pg')
  const client = new pg.Client(url)
  await client.connect()
  await alone(client)
  const { rows } = await client.query('select relname as name, n_tup_upd as updates, n_tup_hot_upd as hot from pg_stat_user_tables')
  await client.end()
  return Object.fromEntries(rows.map(({ name, updates, hot }) => [name, { updates: Number(updates), hot: Number(hot) }]))
}

/** A connection counts for itself, and reports when it ends. On a server that serves others too, this waits some seconds in vain. */
async function alone (client) {
  for (let n = 0; n < TRIES; n++) {
    const { rows: [{ others }] } = await client.query(`select count(*)::int as others from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()`)
    if (others === 0) return
    await setTimeout(PAUSE_MS)
  }
}
