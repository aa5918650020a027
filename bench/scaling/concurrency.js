import { select } from '../contestants/index.js'
import { Entrant } from '../entrant.js'
import { measure as sample } from '../measure.js'
import { say } from '../prepare.js'
import { settle } from '../settle.js'
import { median, rotated, round, spread } from '../statistics.js'
import { startStores } from '../store-servers.js'
import { grid } from '../table.js'

const CONNECTIONS = [1, 4, 16, 64, 256]
const PATHS = ['read', 'write']
const SIZE = 200
/** Who is compared, by hand first. */
const STORES = {
  Redis: ['by hand, Redis', 'fastsessions, Redis', '@fastify/session, connect-redis'],
  PostgreSQL: ['by hand, PostgreSQL', 'fastsessions, PostgreSQL', '@fastify/session, connect-pg-simple']
}
/** With many connections a sample has more requests, or most of it would be its beginning and its end. */
const LEAST_EACH = 16

/**
 * Reads and writes at ever more connections, each with a session of its own and one request at a time: µs of server CPU and
 * requests per second. What is sent together costs less the more there is to send.
 */
export async function measure ({ only, ...options }) {
  const chosen = select(only)
  const stores = {}
  for (const [store, names] of Object.entries(STORES)) {
    const contestants = chosen.filter(({ name }) => names.includes(name))
    if (contestants.length === 0) continue
    stores[store] = await inStore(contestants, options)
    say(`${store} is done`)
  }
  return {
    about: 'µs of server CPU per request (cpu) and requests per second (throughput), by store, contestant, path and connections',
    rounds: options.rounds,
    requests: options.requests,
    stores,
    text: Object.entries(stores).map(([store, found]) => table(store, found)).join('\n\n')
  }
}

async function inStore (contestants, { rounds, requests, windows }) {
  const servers = await startStores(contestants)
  const entrants = []
  for (const contestant of contestants) {
    entrants.push(await Entrant.start(contestant, { urls: servers.urls, sizes: [SIZE], browsers: Math.max(...CONNECTIONS), newCookies: 0 }))
  }
  const found = Object.fromEntries(entrants.map(({ name }) => [name, {}]))
  for (const path of PATHS) {
    const details = { path: `/${path}`, cookies: 'own', size: SIZE }
    await settle(details, entrants, { requests, windows })
    for (const connections of CONNECTIONS) {
      const samples = await runRounds({ ...details, connections }, entrants, rounds, Math.max(requests, connections * LEAST_EACH))
      for (const { name } of entrants) (found[name][path] ??= {})[connections] = figuresOf(samples.get(name))
    }
  }
  for (const { child } of entrants) await child.stop()
  await servers.stop()
  return found
}

/** In turn in each round; the first one is for getting used to so many connections. */
async function runRounds (details, entrants, rounds, requests) {
  const samples = new Map(entrants.map(({ name }) => [name, []]))
  for (let n = 0; n <= rounds; n++) {
    for (const entrant of rotated(entrants, n)) {
      const { cpu, throughput } = await sample(entrant, details, requests)
      if (n > 0) samples.get(entrant.name).push({ cpu, throughput })
    }
  }
  return samples
}

function figuresOf (list) {
  const [cpu, throughput] = ['cpu', 'throughput'].map(figure => list.map(sample => sample[figure]))
  return { cpu: spread(cpu), throughput: spread(throughput), rounds: { cpu: cpu.map(round), throughput: throughput.map(round) } }
}

function table (store, found) {
  const [byHand] = STORES[store]
  const rows = PATHS.flatMap(path => Object.entries(found).map(([name, { [path]: figures }]) => {
    const other = name === byHand ? undefined : found[byHand]?.[path]
    return [`${name}, ${path}`, ...CONNECTIONS.map(connections => cell(figures[connections], other?.[connections]))]
  }))
  const title = `${store}, by connections: µs of server CPU per request / requests per second; in brackets throughput, of by hand`
  return `${title}\n\n${grid(['', ...CONNECTIONS.map(String)], rows)}`
}

/** Round by round, as in the contest. */
function cell ({ cpu, throughput, rounds }, byHand) {
  const ratio = byHand && median(rounds.throughput.map((value, n) => value / byHand.rounds.throughput[n]))
  return `${cpu.median.toFixed(0)} / ${throughput.median.toFixed(0)}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`
}
