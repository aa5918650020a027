import { select } from '../contestants/index.js'
import { Entrant } from '../entrant.js'
import { measure as sample } from '../measure.js'
import { nameOf, payloadOf, sizeOf } from '../payload.js'
import { say } from '../prepare.js'
import { median, rotated, round } from '../statistics.js'
import { startStores } from '../store-servers.js'
import { grid } from '../table.js'

const SIZES = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
const MOST_IN_A_COOKIE = 8_000
const CHOSEN = ['fastsessions, cookie', '@fastify/secure-session', 'fastsessions, memory', '@fastify/session, memory', 'fastsessions, file', 'fastsessions, Redis', 'by hand, Redis', 'fastsessions, PostgreSQL', 'by hand, PostgreSQL']
/** One request in so many: large ones take long. The first round does more, and is forgotten. */
const SHARE = 2
const WARM_UP_TIMES = { first: 12, later: 2 }

/** Reads and writes of ever larger sessions: µs of server CPU, and of time at 32 connections. */
export async function measure ({ rounds, requests, only }) {
  const wanted = select(only)
  const chosen = wanted.filter(({ name }) => CHOSEN.includes(name))
  const stores = await startStores(chosen)
  const entrants = []
  for (const contestant of chosen) {
    const sizes = [...new Set(SIZES.map(size => contestant.kind === 'cookie' ? Math.min(size, MOST_IN_A_COOKIE) : size))]
    const entrant = await Entrant.start(contestant, { urls: stores.urls, sizes, newCookies: 0 })
    entrants.push({ entrant, sizes: sizes.filter(size => entrant.cannot[size] === undefined), samples: {} })
  }
  for (const size of new Set(entrants.flatMap(({ sizes }) => sizes))) {
    for (const path of ['read', 'write']) await runRounds(size, path)
    say(`${nameOf(size)} is done`)
  }
  for (const { entrant } of entrants) await entrant.child.stop()
  await stores.stop()
  const contestants = Object.fromEntries(entrants.map(({ entrant: { name }, samples }) => [name, { read: middles(samples.read), write: middles(samples.write) }]))
  return {
    about: 'µs of server CPU per request, and of time at 32 connections, by bytes of payload as JSON; medians',
    rounds,
    payloads: Object.fromEntries(SIZES.map(size => [size, sizeOf(payloadOf(size))])),
    contestants,
    text: table(contestants)
  }

  /** Case by case, as in the contest; the first round warms up. */
  async function runRounds (size, path) {
    for (let n = 0; n <= rounds; n++) {
      for (const { entrant, sizes, samples } of rotated(entrants, n)) {
        if (!sizes.includes(size)) continue
        const { cpu, throughput } = await sample(entrant, { path: `/${path}`, cookies: 'own', size }, Math.ceil(requests * timesOf(n, size) / SHARE))
        if (n > 0) ((samples[path] ??= {})[size] ??= []).push({ cpu, wall: 1e6 / throughput })
      }
    }
  }
}

const timesOf = (round, size) => round > 0 ? 1 : size === SIZES[0] ? WARM_UP_TIMES.first : WARM_UP_TIMES.later

const middles = bySize => Object.fromEntries(Object.entries(bySize).map(([size, list]) => [size, { cpu: round(median(list.map(({ cpu }) => cpu))), wall: round(median(list.map(({ wall }) => wall))) }]))

function table (contestants) {
  const sizes = [...SIZES, MOST_IN_A_COOKIE].sort((a, b) => a - b)
  const rows = Object.entries(contestants).flatMap(([name, paths]) => Object.entries(paths).map(([path, bySize]) =>
    [`${name}, ${path}`, ...sizes.map(size => bySize[size] ? bySize[size].cpu.toFixed(0) : '–')]))
  return `µs of server CPU per request\n\n${grid(['', ...sizes.map(nameOf)], rows)}`
}
