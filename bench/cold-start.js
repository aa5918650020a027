import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { drawCharts } from './charts.js'
import { save } from './results.js'
import { machine, rotated, spread } from './statistics.js'
import { coldTable } from './table.js'
import { versions } from './versions.js'

const ROUNDS = 15
const dist = name => new URL(`../dist/${name}.js`, import.meta.url).href

/** What an application imports. Fastify is there before, as it always is; @fastify/cookie counts where it is needed. */
const modules = {
  'fastify alone': [],
  '@fastify/cookie': ['@fastify/cookie'],
  fastsessions: [dist('index')],
  'fastsessions and its Redis backend': [dist('index'), dist('redis')],
  'fastsessions and its database backend': [dist('index'), dist('database')],
  '@fastify/session': ['@fastify/cookie', '@fastify/session'],
  '@fastify/secure-session': ['@fastify/secure-session'],
  '@mgcrea/fastify-session, sodium': ['@fastify/cookie', '@mgcrea/fastify-session', '@mgcrea/fastify-session-sodium-crypto'],
  'iron-session': ['iron-session']
}

/** What an application registers; it is measured up to `ready()`, with Fastify. */
const starts = {
  'an empty plugin': [],
  fastsessions: [dist('index')],
  '@fastify/session': ['@fastify/cookie', '@fastify/session'],
  '@fastify/secure-session': ['@fastify/secure-session']
}

export async function run ({ isWhole }) {
  const result = await coldStart(ROUNDS)
  console.log(coldTable(result))
  save('cold-start', result, isWhole)
  if (isWhole) drawCharts()
}

/** Each import, and each start, in a fresh process, interleaved. */
export async function coldStart (rounds) {
  const about = 'Imports: beyond Fastify, which is imported before. Starts: from the first import to ready(), with Fastify'
  const figures = { modules: samplesOf('cold-start-child.js', modules, rounds), starts: samplesOf('start-child.js', starts, rounds) }
  return { about, rounds, machine: machine(), versions: versions(), ...figures }
}

function samplesOf (child, cases, rounds) {
  const samples = Object.fromEntries(Object.keys(cases).map(name => [name, []]))
  for (let n = 0; n <= rounds; n++) {
    for (const name of rotated(Object.keys(cases), n)) {
      const sample = measure(child, cases[name])
      // The first round fills the cache of the file system.
      if (n > 0) samples[name].push(sample)
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, spreads(list)]))
}

/** The spread of each figure of the samples. */
function spreads (list) {
  return Object.fromEntries(Object.keys(list[0]).map(figure => [figure, spread(list.map(sample => sample[figure]))]))
}

function measure (child, names) {
  const path = fileURLToPath(new URL(child, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', path, JSON.stringify(names)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
