import { takesPart } from './cases.js'
import { drawCharts } from './charts.js'
import { coldStart } from './cold-start.js'
import { BASE, baseOf, select } from './contestants/index.js'
import { Entrant } from './entrant.js'
import { measure } from './measure.js'
import { sizeOf, payloadOf } from './payload.js'
import { say } from './prepare.js'
import { read, save } from './results.js'
import { roundTrips } from './round-trips.js'
import { startStores } from './store-servers.js'
import { machine, median, rotated, round, spread } from './statistics.js'
import { report } from './table.js'
import { targets } from './targets.js'
import { versions } from './versions.js'

/** More than any cache holds. */
const NEW_COOKIES = { whole: 10_000, quick: 2_000 }
/** A base line is subtracted from everything, and cheap: it gets more requests. */
const BASE_TIMES = 3
/**
 * How much more the first round does, which is forgotten: what is measured is code that has been compiled. Once a case
 * has been run with one payload, it has.
 */
const WARM_UP_TIMES = 6

export async function run (options) {
  const began = Date.now()
  const chosen = select(options.only)
  const stores = await startStores(chosen)
  const trips = Object.fromEntries(await Promise.all(chosen.map(async contestant => [contestant.name, await roundTrips(contestant, stores.urls)])))
  const samples = new Map()
  const cannot = {}
  for (const group of groupsOf(chosen)) {
    const entrants = await startAll(group, stores.urls, options)
    const names = group.map(({ name }) => name).join(', ')
    say(`${names}: return the right data`)
    for (const [index, details] of options.cases.entries()) {
      await runCase(details, entrants, samples, options)
      say(`${details.name}, ${details.size} B: ${index + 1} of ${options.cases.length} cases, ${Math.round((Date.now() - began) / 1_000)} s`)
    }
    for (const entrant of entrants) cannot[entrant.name] = entrant.cannot
    await Promise.all(entrants.map(({ child }) => child.stop()))
  }
  await stores.stop()
  const cold = options.isWhole || options.quick ? await coldStart(options.quick ? 5 : 15) : read('cold-start')

  const result = {
    about: 'Medians of all rounds; low and high are the half around it. cpu: µs of server CPU per request; above: that minus the base line in the same round; p50 and p99: µs at 32 connections, for parallel requests of a batch',
    rounds: options.rounds,
    requests: options.requests,
    seconds: Math.round((Date.now() - began) / 1_000),
    payloads: Object.fromEntries(options.sizes.map(size => [size, sizeOf(payloadOf(size))])),
    machine: machine(),
    versions: versions(),
    contestants: Object.fromEntries(chosen.map(({ name, kind }) => [name, { kind, roundTrips: trips[name], cannot: cannot[name] ?? {}, cases: summarize(name, samples) }]))
  }
  result.targets = targets(result, { sessions: read('scaling-sessions'), writers: read('scaling-writers') })
  console.log(report(result, cold))
  save('contest', result, options.isWhole)
  if (cold !== undefined) save('cold-start', cold, options.isWhole)
  if (options.isWhole) drawCharts()
  say(`wrote bench/results/${options.isWhole ? '' : 'partial/'}contest.json`)
}

/** Those that are compared, with the base lines that they need: few processes at a time, so that none of them waits for long. */
function groupsOf (chosen) {
  const names = [...new Set(chosen.map(({ group }) => group))].filter(name => name !== undefined)
  const contestants = names.map(name => chosen.filter(({ group }) => group === name))
  const bases = chosen.filter(({ kind }) => kind === 'base')
  return contestants.length === 0 ? [bases] : contestants.map(list => [...bases.filter(({ name }) => name === BASE || list.some(one => baseOf(one) === name)), ...list])
}

async function startAll (chosen, urls, { sizes, quick }) {
  const entrants = []
  for (const contestant of chosen) {
    const shared = entrants.find(({ name }) => name === contestant.sharesWith)
    if (shared) entrants.push(Entrant.sharing(contestant, shared))
    else entrants.push(await Entrant.start(contestant, { urls, sizes, newCookies: quick ? NEW_COOKIES.quick : NEW_COOKIES.whole }))
  }
  return entrants
}

/**
 * All rounds of one case; the first warms up and is forgotten. Contestants are interleaved, the base lines among them.
 * Group by group and case by case, since a process that waits for long runs cold: caches, memory, compiled code.
 */
async function runCase (details, entrants, samples, { rounds, requests, cases }) {
  const warmUp = cases.find(({ name }) => name === details.name) === details ? WARM_UP_TIMES : 1
  const key = `${details.name}, ${details.size}`
  for (let n = 0; n <= rounds; n++) {
    const sampled = new Map()
    for (const entrant of rotated(entrants, n)) {
      if (!takesPart(entrant, details, entrant.cannot)) continue
      sampled.set(entrant, await measure(entrant, details, requests * (entrant.kind === 'base' ? BASE_TIMES : 1) * (n === 0 ? warmUp : 1)))
    }
    if (n === 0) continue
    const entrantOf = name => entrants.find(entrant => entrant.name === name && sampled.has(entrant))
    for (const [entrant, sample] of sampled) {
      const base = sampled.get(entrantOf(baseOf(entrant)) ?? entrantOf(BASE))
      if (!samples.has(entrant.name)) samples.set(entrant.name, {})
      const ofCase = samples.get(entrant.name)[key] ??= []
      ofCase.push({ ...sample, above: sample.cpu - base.cpu })
    }
  }
}

function summarize (name, samples) {
  const summary = {}
  for (const [key, list] of Object.entries(samples.get(name) ?? {})) {
    const of = figure => list.map(sample => sample[figure])
    summary[key] = {
      cpu: spread(of('cpu')),
      above: spread(of('above')),
      throughput: spread(of('throughput')),
      p50: spread(of('p50')),
      p99: spread(of('p99')),
      bytes: { up: round(median(of('bytesUp'))), down: round(median(of('bytesDown'))) },
      rounds: { cpu: of('cpu').map(round), above: of('above').map(round), throughput: of('throughput').map(round) }
    }
    if (list[0].lost !== undefined) summary[key].lost = of('lost').reduce((sum, lost) => sum + lost, 0)
  }
  return summary
}
