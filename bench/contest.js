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

/** How many cookies are made for a case that sends each cookie once: more than any cache holds. */
const NEW_COOKIES = { whole: 10_000, quick: 2_000 }
/** A base line is subtracted from everything, and cheap: it gets more requests. */
const BASE_TIMES = 3
/**
 * How many times as many requests the first round of a case makes. Its figures are dropped: code is measured once it has been
 * compiled. A later payload of the same case warms up with a round of the usual length.
 */
const WARM_UP_TIMES = 6
const COLD_STARTS = { whole: 15, quick: 5 }

const ABOUT = 'Medians of all rounds; low and high are the half around it. cpu: µs of server CPU per request; ' +
  'above: that minus the base line in the same round; p50 and p99: µs at 32 connections, for parallel requests of a batch'

/** Compares the chosen contestants in all cases, prints a report and saves the figures. */
export async function run (options) {
  const began = Date.now()
  const seconds = () => Math.round((Date.now() - began) / 1_000)
  const chosen = select(options.only)
  const stores = await startStores(chosen)
  const trips = await roundTripsOf(chosen, stores.urls)
  const measured = await measureAll(chosen, stores.urls, options, seconds)
  await stores.stop()
  const cold = await coldStarts(options)
  const result = summaryOf(chosen, trips, measured, options, seconds())
  console.log(report(result, cold))
  saveAll(result, cold, options)
}

/** How many round trips to its store each contestant makes, by name. */
async function roundTripsOf (chosen, urls) {
  return Object.fromEntries(await Promise.all(chosen.map(async contestant => [contestant.name, await roundTrips(contestant, urls)])))
}

/** Runs all cases, group by group: the samples of each contestant, and what each one cannot do. */
async function measureAll (chosen, urls, options, seconds) {
  const samples = new Map()
  const cannot = {}
  for (const group of groupsOf(chosen)) {
    const entrants = await startAll(group, urls, options)
    say(`${group.map(({ name }) => name).join(', ')}: return the right data`)
    for (const [index, details] of options.cases.entries()) {
      await runCase(details, entrants, samples, options)
      say(`${details.name}, ${details.size} B: ${index + 1} of ${options.cases.length} cases, ${seconds()} s`)
    }
    for (const entrant of entrants) cannot[entrant.name] = entrant.cannot
    await Promise.all(entrants.map(({ child }) => child.stop()))
  }
  return { samples, cannot }
}

/** Measured anew when everything is, else the figures of the last whole run. */
async function coldStarts ({ isWhole, quick }) {
  return isWhole || quick ? await coldStart(quick ? COLD_STARTS.quick : COLD_STARTS.whole) : read('cold-start')
}

function summaryOf (chosen, trips, { samples, cannot }, { rounds, requests, sizes }, seconds) {
  const contestants = chosen.map(({ name, kind }) => [
    name,
    { kind, roundTrips: trips[name], cannot: cannot[name] ?? {}, cases: summarize(name, samples) }
  ])
  const result = {
    about: ABOUT,
    rounds,
    requests,
    seconds,
    payloads: Object.fromEntries(sizes.map(size => [size, sizeOf(payloadOf(size))])),
    machine: machine(),
    versions: versions(),
    contestants: Object.fromEntries(contestants)
  }
  result.targets = targets(result, { sessions: read('scaling-sessions'), writers: read('scaling-writers') })
  return result
}

function saveAll (result, cold, { isWhole }) {
  save('contest', result, isWhole)
  if (cold !== undefined) save('cold-start', cold, isWhole)
  if (isWhole) drawCharts()
  say(`wrote bench/results/${isWhole ? '' : 'partial/'}contest.json`)
}

/**
 * Contestants that are compared with each other, with the base lines that they need. A group is few processes, so that none
 * of them waits for long.
 */
function groupsOf (chosen) {
  const names = [...new Set(chosen.map(({ group }) => group))].filter(name => name !== undefined)
  const contestants = names.map(name => chosen.filter(({ group }) => group === name))
  const bases = chosen.filter(({ kind }) => kind === 'base')
  if (contestants.length === 0) return [bases]
  return contestants.map(list => {
    const needed = ({ name }) => name === BASE || list.some(contestant => baseOf(contestant) === name)
    return [...bases.filter(needed), ...list]
  })
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
 * All rounds of one case; the first only warms up. Contestants are interleaved, the base lines among them, and go group by
 * group and case by case: a process that waits for long runs cold (caches, memory, compiled code).
 */
async function runCase (details, entrants, samples, { rounds, requests, cases }) {
  const isFirstOfItsName = cases.find(({ name }) => name === details.name) === details
  await runRound(details, rotated(entrants, 0), requests * (isFirstOfItsName ? WARM_UP_TIMES : 1))
  for (let n = 1; n <= rounds; n++) {
    keep(details, await runRound(details, rotated(entrants, n), requests), samples)
  }
}

/** Measures each entrant that takes part, in this order: entrant → sample. */
async function runRound (details, entrants, requests) {
  const sampled = new Map()
  for (const entrant of entrants) {
    if (!takesPart(entrant, details, entrant.cannot)) continue
    sampled.set(entrant, await measure(entrant, details, requests * (entrant.kind === 'base' ? BASE_TIMES : 1)))
  }
  return sampled
}

/** Adds a round to the samples, each with what it takes above its base line in the same round. */
function keep ({ name, size }, sampled, samples) {
  const entrantOf = name => [...sampled.keys()].find(entrant => entrant.name === name)
  for (const [entrant, sample] of sampled) {
    const base = sampled.get(entrantOf(baseOf(entrant)) ?? entrantOf(BASE))
    if (!samples.has(entrant.name)) samples.set(entrant.name, {})
    const ofCase = samples.get(entrant.name)[`${name}, ${size}`] ??= []
    ofCase.push({ ...sample, above: sample.cpu - base.cpu })
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
