import { requestText } from '../connection.js'
import { load, openAll } from '../load.js'
import { rotated, round, spread } from '../statistics.js'

const KINDS = ['published', 'moved']
const FIGURES = ['throughput', 'cpu']
/** The first round warms up, with more requests, and is forgotten. */
const WARMER = 3

/**
 * Requests per second for a page, and microseconds of the server's CPU for each, in two servers that take turns.
 * `ratio` is moved to published, round by round.
 *
 * @param servers `{ published, moved }`
 * @param cookies those of a signed-in user
 */
export async function measurePage (page, servers, cookies, { rounds, requests }) {
  const samples = { published: [], moved: [] }
  for (let nth = 0; nth <= rounds; nth++) {
    for (const kind of rotated(KINDS, nth)) {
      const taken = await sample(servers[kind], requestText(page, cookies[kind]), nth === 0 ? requests * WARMER : requests)
      if (nth > 0) samples[kind].push(taken)
    }
  }
  return Object.fromEntries(FIGURES.map(figure => [figure, compared(...KINDS.map(kind => samples[kind].map(taken => taken[figure])))]))
}

async function sample (server, text, requests) {
  const requestOf = () => text
  const connections = await openAll(server.port, requestOf)
  const before = await server.cpuMicroseconds()
  const { count, seconds } = await load(connections, requestOf, requests)
  const after = await server.cpuMicroseconds()
  for (const connection of connections) connection.close()
  return { throughput: count / seconds, cpu: (after - before) / count }
}

function compared (published, moved) {
  const ratios = moved.map((value, nth) => value / published[nth])
  return { published: figures(published), moved: figures(moved), ratio: figures(ratios) }
}

const figures = values => ({ ...spread(values), values: values.map(round) })
