import { median, round } from './statistics.js'

const [OURS, SECURE, LEAN] = ['fastsessions, cookie', '@fastify/secure-session', '@fastify/session, memory']
const MEMORY = 'fastsessions, memory'
const REDIS = ['fastsessions, Redis', 'by hand, Redis', '@fastify/session, connect-redis']
const POSTGRES = ['fastsessions, PostgreSQL', 'by hand, PostgreSQL', '@fastify/session, connect-pg-simple']
const SIZE = 200

/** What is aimed at, with what was reached: `{ title, goal, value, pass }`, `value` null where nothing was measured. */
export function targets ({ contestants }, { sessions, writers }) {
  const cell = (name, title) => contestants[name]?.cases[`${title}, ${SIZE}`]
  return [
    atMost('cookie, untouched: µs above the base line', 1, cell(OURS, 'untouched')?.above.median),
    ...aboveBase('read', OURS, SECURE, 0.5),
    ...aboveBase('read, new cookies', OURS, SECURE, 1.2),
    ...aboveBase('write', OURS, SECURE, 0.8),
    ...aboveBase('read', MEMORY, LEAN, 0.2),
    ...aboveBase('write', MEMORY, LEAN, 0.2),
    ...['read', 'write'].flatMap(title => throughput(title, REDIS)),
    ...['read', 'write'].flatMap(title => throughput(title, POSTGRES)),
    ...writerTargets(writers),
    ...sessionTargets(sessions)
  ]

  function aboveBase (title, ours, peer, goal) {
    const [one, other] = [cell(ours, title), cell(peer, title)]
    const value = one && other && one.above.median / other.above.median
    return [atMost(`${ours}, ${title}: above the base line, of ${peer}`, goal, value)]
  }

  /** Round by round, since both of a round ran next to each other. */
  function throughput (title, [ours, byHand, peer]) {
    const ratio = name => {
      const [one, other] = [cell(ours, title), cell(name, title)]
      return one && other && median(one.rounds.throughput.map((value, n) => value / other.rounds.throughput[n]))
    }
    return [
      atLeast(`${ours}, ${title}: throughput, of ${byHand}`, 0.9, ratio(byHand)),
      atLeast(`${ours}, ${title}: throughput, of ${peer}`, 1.5, ratio(peer))
    ]
  }
}

export function writerTargets (writers) {
  const found = (processes, figure) => Object.entries(writers?.backends ?? {}).filter(([, byProcesses]) => byProcesses[processes]?.[64] !== undefined).map(([name, byProcesses]) => [name, byProcesses[processes][64][figure]])
  return [1, 4].flatMap(processes => {
    const where = processes === 1 ? 'in one process' : `over ${processes} processes`
    return [
      ...found(processes, 'lost').map(([name, value]) => atMost(`64 writers ${where}, ${name}: updates lost`, 0, value)),
      ...found(processes, 'extra').map(([name, value]) => atMost(`64 writers ${where}, ${name}: extra calls per request`, processes === 1 ? 1 : 3, value))
    ]
  })
}

export function sessionTargets (sessions) {
  return Object.entries(sessions?.backends ?? {}).flatMap(([name, { small, large, ratio }]) =>
    Object.entries(ratio).map(([title, value]) => atMost(`${name}, ${title}: cost with ${large.count} sessions, of ${small.count}`, 1.2, value)))
}

const atMost = (title, goal, value) => ({ title, goal: `≤ ${goal}`, value: value === undefined ? null : round(value), pass: value === undefined ? null : value <= goal })
const atLeast = (title, goal, value) => ({ title, goal: `≥ ${goal}`, value: value === undefined ? null : round(value), pass: value === undefined ? null : value >= goal })
