import { parseArgs } from 'node:util'
import { caseNames, selectCases } from './cases.js'
import { SIZES } from './payload.js'

const HELP = `npm run bench -- [options]

What a request costs with fastsessions and its peers. Without options: everything but the long runs, some 40 minutes.
The last table compares with what is aimed at: pass or MISS.

  --quick           few rounds and requests, the smallest payload, no charts: some minutes
  --only TEXT       contestants whose name contains this, and the base line (several: with semicolons, since names have commas)
  --cases NAMES     ${caseNames.join('; ')}
                    (several: with semicolons)
  --payload BYTES   ${SIZES.join(', ')} (several: with commas)
  --rounds N        contestants are interleaved in each (7)
  --requests N      requests of each case in each round (2000)

Long runs, each by itself:

  --scaling [NAME]  cost as things grow: sessions, payload, writers, concurrency (all four); some 30 minutes
  --heap [N]        heap after N requests (1000000) that come with other cookies each; some 20 minutes
  --cold-start      time and memory of import only

A run of everything writes results/*.json and draws docs/images; others write results/partial only. To draw again:
node bench/charts.js
`

/** What each long run takes as an argument. */
const LONG = { scaling: /^(sessions|payload|writers|concurrency)$/, heap: /^[1-9]\d*$/, 'cold-start': /^$/ }
const flag = { type: 'boolean', default: false }
const text = { type: 'string' }

/** @returns what to do, or `null` where the help was all */
export function parseOptions (args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { quick: flag, only: text, cases: text, payload: text, rounds: text, requests: text, scaling: flag, heap: flag, 'cold-start': flag, help: { ...flag, short: 'h' } }
  })
  if (values.help) {
    console.log(HELP)
    return null
  }
  const number = (name, usual) => {
    if (values[name] === undefined) return usual
    if (!/^[1-9]\d*$/.test(values[name])) throw new Error(`Expected --${name} to be a number above 0, got ${values[name]}`)
    return Number(values[name])
  }
  const { quick } = values
  const sizes = values.payload?.split(',').map(Number) ?? (quick ? [SIZES[0]] : SIZES)
  const names = values.cases?.split(';').map(name => name.trim())
  const unknown = names?.find(name => !caseNames.includes(name)) ?? sizes.find(size => !SIZES.includes(size))
  if (unknown !== undefined) throw new Error(`There is no case or payload ${unknown}: see --help`)
  const cases = selectCases({ names, sizes })
  if (cases.length === 0) throw new Error('No case is left: see --help')
  const long = Object.keys(LONG).find(name => values[name])
  const unexpected = positionals.find((argument, index) => index > 0 || long === undefined || !LONG[long].test(argument))
  if (unexpected !== undefined) throw new Error(`Unexpected ${unexpected}: see --help`)
  return {
    quick,
    long,
    what: positionals[0],
    only: values.only,
    cases,
    sizes,
    rounds: number('rounds', quick ? 2 : 7),
    requests: number('requests', quick ? 250 : 2_000),
    windows: quick ? 2 : 12,
    isWhole: !quick && [values.only, values.cases, values.payload, values.rounds, values.requests].every(value => value === undefined)
  }
}
