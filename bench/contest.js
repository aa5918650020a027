import { drawCharts } from './charts.js'
import { coldStart } from './cold-start.js'
import { BASE, baseOf, select } from './contestants/index.js'
import { Entrant } from './entrant.js'
import { countUpdates } from './hot-updates.js'
import { sizeOf, payloadOf } from './payload.js'
import { say } from './prepare.js'
import { read, save } from './results.js'
import { roundTrips } from './round-trips.js'
import { noSamples, runCase, summarize } from './rounds.js'
import { startStores } from './store-servers.js'
import { machine } from './statistics.js'
import { report } from './table.js'
import { targets } from './targets.js'
import { versions } from './versions.js'

/** How many cookies are made for a case that sends each cookie once: more than any cache holds. */
const NEW_COOKIES = { whole: 10_000, quick: 2_000 }
const COLD_STARTS = { whole: 15, quick: 5 }

const ABOUT = 'Medians of all rounds; low and high are the half around it. cpu: µs of server CPU per request; ' +
  'above: that minus the base line in the same round; allocated: kB on the heap of the server; p50 and p99: µs at 32 connections, ' +
  'for parallel requests of a batch. warm: the same once the CPU per request had come to stand still; moving: where it did not'

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
  result.targets = targets({ ...result, cold }, { sessions: read('scaling-sessions'), writers: read('scaling-writers') })
  console.log(report(result, cold))
  saveAll(result, cold, options)
}

/** How many round trips to its store each contestant makes, by name. */
async function roundTripsOf (chosen, urls) {
  return Object.fromEntries(await Promise.all(chosen.map(async contestant => [contestant.name, await roundTrips(contestant, urls)])))
}

/** Runs all cases, group by group: the samples of each contestant, what each one cannot do, and how many updates were HOT. */
async function measureAll (chosen, urls, options, seconds) {
  const samples = noSamples()
  const [cannot, hotUpdates] = [{}, {}]
  for (const group of groupsOf(chosen)) {
    const updates = await countUpdates(group, urls.postgres)
    const entrants = await startAll(group, urls, options)
    say(`${group.map(({ name }) => name).join(', ')}: return the right data`)
    for (const [index, details] of options.cases.entries()) {
      await runCase(details, entrants, samples, options)
      say(`${details.name}, ${details.size} B: ${index + 1} of ${options.cases.length} cases, ${seconds()} s`)
    }
    for (const entrant of entrants) cannot[entrant.name] = entrant.cannot
    await Promise.all(entrants.map(({ child }) => child.stop()))
    Object.assign(hotUpdates, await updates())
  }
  return { samples, cannot, hotUpdates }
}

/** Measured anew when everything is, else the figures of the last whole run. */
async function coldStarts ({ isWhole, quick }) {
  return isWhole || quick ? await coldStart(quick ? COLD_STARTS.quick : COLD_STARTS.whole) : read('cold-start')
}

function summaryOf (chosen, trips, { samples, cannot, hotUpdates }, { rounds, requests, windows, sizes }, seconds) {
  const contestants = chosen.map(({ name, kind }) => [
    name,
    { kind, roundTrips: trips[name], cannot: cannot[name] ?? {}, cases: summarize(name, samples) }
  ])
  return {
    about: ABOUT,
    rounds,
    requests,
    windows,
    seconds,
    payloads: Object.fromEntries(sizes.map(size => [size, sizeOf(payloadOf(size))])),
    machine: machine(),
    versions: versions(),
    contestants: Object.fromEntries(contestants),
    hotUpdates,
    moving: samples.moving
  }
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
