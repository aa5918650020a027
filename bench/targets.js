import { median, round } from './statistics.js'

const [COOKIE, SECURE] = ['fastsessions, cookie', '@fastify/secure-session']
const [MEMORY, FS, CACHED] = ['fastsessions, memory', '@fastify/session, memory', 'fastsessions cached, Redis']
const [REDIS, REDIS_BY_HAND, CONNECT_REDIS] = ['fastsessions, Redis', 'by hand, Redis', '@fastify/session, connect-redis']
const [POSTGRES, POSTGRES_BY_HAND, CONNECT_PG] = ['fastsessions, PostgreSQL', 'by hand, PostgreSQL', '@fastify/session, connect-pg-simple']
const [SQLITE_POOL, SQLITE] = ['fastsessions with pool, SQLite', 'fastsessions, SQLite']
const SIZE = 200
/** What an empty start took where the goal for ours was set. */
const EMPTY_START_MS = 112

/**
 * What is aimed at: the sense of the comparison, a title, where the figure comes from, the target, and the moonshot where there
 * is one. A source is given all results, and `cell(contestant, case)`, which is missing where it was not measured.
 */
const aims = [
  ['≤', 'cookie, untouched: µs above the base line', ({ cell }) => cell(COOKIE, 'untouched')?.above.median, 1],
  ['≤', 'cookie, read: above the base line, of secure-session', above('read', COOKIE, SECURE), 0.5, 0.4],
  ['≤', 'cookie, read, new cookies: above the base line, of secure-session', above('read, new cookies', COOKIE, SECURE), 1.5, 1.2],
  ['≤', 'cookie, write: above the base line, of secure-session', above('write', COOKIE, SECURE), 1, 0.8],
  ['≤', 'memory, read: above the base line, of @fastify/session', above('read', MEMORY, FS), 0.2],
  ['≤', 'memory, write: above the base line, of @fastify/session', above('write', MEMORY, FS), 0.3, 0.25],
  ['≤', 'cached over Redis, read: above the base line, of our memory backend', above('read', CACHED, MEMORY), 1.2, 1],
  ['≥', 'Redis, read: throughput, of by hand', throughput('read', REDIS, REDIS_BY_HAND), 1, 1.2],
  ['≥', 'Redis, write: throughput, of by hand', throughput('write', REDIS, REDIS_BY_HAND), 0.8, 0.95],
  ['≥', 'Redis, write: throughput, of connect-redis', throughput('write', REDIS, CONNECT_REDIS), 1.4],
  ['≤', 'Redis, write: kB allocated', ({ cell }) => cell(REDIS, 'write')?.allocated.median, 24, 18],
  ['≥', 'PostgreSQL, read: throughput, of by hand', throughput('read', POSTGRES, POSTGRES_BY_HAND), 1.3, 1.6],
  ['≥', 'PostgreSQL, read: throughput, of connect-pg-simple', throughput('read', POSTGRES, CONNECT_PG), 2],
  ['≥', 'PostgreSQL, write: throughput, of by hand', throughput('write', POSTGRES, POSTGRES_BY_HAND), 0.95, 1.2],
  ['≥', 'PostgreSQL, write: throughput, of connect-pg-simple', throughput('write', POSTGRES, CONNECT_PG), 1.8],
  ['≥', 'PostgreSQL: share of our updates that are HOT', ({ hotUpdates }) => hotUpdates[POSTGRES]?.hot, 0.95],
  ['≤', 'SQLite, read: above the base line with pool, of without', above('read', SQLITE_POOL, SQLITE), 0.5],
  ['≤', 'SQLite, write: above the base line with pool, of without', above('write', SQLITE_POOL, SQLITE), 0.33],
  ['≤', 'import: ms, of @fastify/session', ({ cold }) => importOf(cold), 2.5],
  ['≤', `ready(): ms more than an empty plugin, where that takes ${EMPTY_START_MS}`, ({ cold }) => readyOf(cold), 40]
]

/**
 * Each has its base line in the same round. The ratio is that of the medians: a difference may come near nothing in some round.
 * Of a difference that is nothing or less, there is no ratio.
 */
function above (title, ours, other) {
  return ({ cell }) => {
    const [one, two] = [cell(ours, title), cell(other, title)]
    return one && two?.above.median > 0 ? one.above.median / two.above.median : undefined
  }
}

/** Round by round, since both of a round ran next to each other. */
function throughput (title, ours, other) {
  return ({ cell }) => {
    const [one, two] = [cell(ours, title), cell(other, title)]
    return one && two && median(one.rounds.throughput.map((value, n) => value / two.rounds.throughput[n]))
  }
}

function importOf (cold) {
  return cold && cold.modules.fastsessions.milliseconds.median / cold.modules['@fastify/session'].milliseconds.median
}

function readyOf (cold) {
  if (cold?.starts === undefined) return undefined
  const [ours, empty] = ['fastsessions', 'an empty plugin'].map(name => cold.starts[name].milliseconds.median)
  return (ours - empty) / empty * EMPTY_START_MS
}

/**
 * Each target with what was reached: `{ title, goal, moonshot, value, short, pass }`. The warm figure is judged, as servers run
 * for days; `short` is that after a short warm-up. `value` is `null` where nothing was measured.
 */
export function targets (results, { sessions, writers }) {
  const cellOf = (name, title) => results.contestants[name]?.cases[`${title}, ${SIZE}`]
  const warm = { ...results, cell: (name, title) => cellOf(name, title)?.warm ?? cellOf(name, title) }
  const short = { ...results, cell: cellOf }
  return [
    ...aims.map(([sense, title, source, goal, moonshot]) => {
      return judged({ sense, title, goal, moonshot, value: source(warm), short: source(short) })
    }),
    ...writerTargets(writers),
    ...sessionTargets(sessions)
  ]
}

export function writerTargets (writers) {
  const found = (processes, figure) => Object.entries(writers?.backends ?? {})
    .filter(([, byProcesses]) => byProcesses[processes]?.[64] !== undefined)
    .map(([name, byProcesses]) => [name, byProcesses[processes][64][figure]])
  return [1, 4].flatMap(processes => {
    const where = processes === 1 ? 'in one process' : `over ${processes} processes`
    const extra = processes === 1 ? 1 : 3
    return [
      ...found(processes, 'lost').map(([name, value]) => atMost(`64 writers ${where}, ${name}: updates lost`, 0, value)),
      ...found(processes, 'extra').map(([name, value]) => atMost(`64 writers ${where}, ${name}: extra calls per request`, extra, value))
    ]
  })
}

export function sessionTargets (sessions) {
  return Object.entries(sessions?.backends ?? {}).flatMap(([name, { small, large, ratio }]) => {
    const sides = `cost with ${large.count} sessions, of ${small.count}`
    return Object.entries(ratio).map(([title, value]) => atMost(`${name}, ${title}: ${sides}`, 1.2, value))
  })
}

const atMost = (title, goal, value) => judged({ sense: '≤', title, goal, value, short: value })

function judged ({ sense, title, goal, moonshot, value, short }) {
  const about = { title, goal: `${sense} ${goal}`, moonshot: moonshot === undefined ? null : `${sense} ${moonshot}` }
  // A ratio of figures that cannot be is none.
  if (!Number.isFinite(value)) return { ...about, value: null, short: null, pass: null }
  return { ...about, value: round(value), short: round(short), pass: sense === '≤' ? value <= goal : value >= goal }
}
