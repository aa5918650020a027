import { takesPart } from './cases.js'
import { BASE, baseOf } from './contestants/index.js'
import { measure } from './measure.js'
import { settle } from './settle.js'
import { median, rotated, round, spread } from './statistics.js'

/** A base line is subtracted from everything, and cheap: it gets more requests. */
const BASE_TIMES = 3
/**
 * How many times as many requests the first round of a case makes. Its figures are dropped: code is measured once it has been
 * compiled. A later payload of the same case warms up with a round of the usual length.
 */
const WARM_UP_TIMES = 6

/**
 * What was measured, by contestant and case: `short` after a warm-up of fixed length, `warm` after the figure has come to stand
 * still. `moving` names where it did not.
 */
export const noSamples = () => ({ short: new Map(), warm: new Map(), moving: [] })

/**
 * All rounds of one case. Contestants are interleaved, the base lines among them, and go group by group and case by case:
 * a process that waits for long runs cold (caches, memory, compiled code). Where the case is not new to the processes, another
 * payload has warmed it: there is one figure then.
 */
export async function runCase (details, entrants, samples, { rounds, requests, windows, cases }) {
  const taking = entrants.filter(entrant => takesPart(entrant, details, entrant.cannot))
  const isNew = cases.find(({ name }) => name === details.name) === details
  const run = { details, entrants: taking, rounds, requests }
  await runRounds({ ...run, first: requests * (isNew ? WARM_UP_TIMES : 1), into: samples.short })
  if (!isNew) return
  const moving = await settle(details, taking, { requests, windows })
  samples.moving.push(...moving.map(name => `${name}: ${details.name}`))
  await runRounds({ ...run, first: requests, into: samples.warm })
}

/** The first round, of `first` requests, is dropped. */
async function runRounds ({ details, entrants, rounds, requests, first, into }) {
  await runRound(details, rotated(entrants, 0), first)
  for (let n = 1; n <= rounds; n++) keep(details, await runRound(details, rotated(entrants, n), requests), into)
}

/** Measures each entrant, in this order: entrant → sample. */
async function runRound (details, entrants, requests) {
  const sampled = new Map()
  for (const entrant of entrants) {
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

/** The figures of one contestant by case, the warm ones in `warm`. */
export function summarize (name, { short, warm }) {
  const warmOf = warm.get(name) ?? {}
  return Object.fromEntries(Object.entries(short.get(name) ?? {}).map(([key, list]) => {
    return [key, warmOf[key] === undefined ? figuresOf(list) : { ...figuresOf(list), warm: figuresOf(warmOf[key]) }]
  }))
}

function figuresOf (list) {
  const of = figure => list.map(sample => sample[figure])
  const figures = {
    cpu: spread(of('cpu')),
    above: spread(of('above')),
    throughput: spread(of('throughput')),
    allocated: spread(of('allocated')),
    p50: spread(of('p50')),
    p99: spread(of('p99')),
    bytes: { up: round(median(of('bytesUp'))), down: round(median(of('bytesDown'))) },
    rounds: { cpu: of('cpu').map(round), above: of('above').map(round), throughput: of('throughput').map(round) }
  }
  if (list[0].lost !== undefined) figures.lost = of('lost').reduce((sum, lost) => sum + lost, 0)
  return figures
}
