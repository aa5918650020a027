import { payloadOf } from '../payload.js'

const SIZE = 200
/** So many of them are used, evenly spread. */
const KEPT = 20_000
/** As many creations at once as each takes well. */
const IN_FLIGHT = { memory: 1, file: 16, Redis: 500, PostgreSQL: 20 }

/** Puts so many sessions into the backend of this child. Answers with the cookies of some. */
export async function fill (child, backend, count) {
  const isCopied = backend === 'PostgreSQL' && count > KEPT
  const { cookies } = await child.ask('fill', { count: isCopied ? KEPT : count, keep: KEPT, payload: payloadOf(SIZE), inFlight: IN_FLIGHT[backend] })
  return shuffled(cookies)
}

/** More rows as the backend writes them, only quicker: copies of one with other ids. */
export async function copyRows (url, table, count) {
  const { default: pg } = await import('pg')
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query('select column_name as name from information_schema.columns where table_name = $1 and column_name <> \'id\'', [table])
  const names = rows.map(({ name }) => `"${name}"`).join(', ')
  const more = Math.max(0, count - KEPT)
  await client.query(`insert into "${table}" (id, ${names}) select encode(sha256(n::text::bytea), 'hex'), ${names} from (select * from "${table}" limit 1) one, generate_series(1, ${more}) n`)
  await client.query(`vacuum analyze "${table}"`)
  await client.end()
}

// The order of creation is no order in which visitors come.
function shuffled (list) {
  for (let n = list.length - 1; n > 0; n--) {
    const other = Math.floor(Math.random() * (n + 1));
    [list[n], list[other]] = [list[other], list[n]]
  }
  return list
}
