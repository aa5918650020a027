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

const child = fileURLToPath(new URL('cold-start-child.js', import.meta.url))

export async function run ({ isWhole }) {
  const result = await coldStart(ROUNDS)
  console.log(coldTable(result))
  save('cold-start', result, isWhole)
  if (isWhole) drawCharts()
}

/** Each import in a fresh process, interleaved. */
export async function coldStart (rounds) {
  const samples = Object.fromEntries(Object.keys(modules).map(name => [name, []]))
  for (let n = 0; n <= rounds; n++) {
    for (const name of rotated(Object.keys(modules), n)) {
      const sample = measure(modules[name])
      // The first round fills the cache of the file system.
      if (n > 0) samples[name].push(sample)
    }
  }
  const summary = Object.entries(samples).map(([name, list]) => [name, {
    milliseconds: spread(list.map(({ milliseconds }) => milliseconds)), rssMegabytes: spread(list.map(({ rssMegabytes }) => rssMegabytes))
  }])
  return { about: 'Beyond Fastify, which is imported before', rounds, machine: machine(), versions: versions(), modules: Object.fromEntries(summary) }
}

function measure (names) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', child, JSON.stringify(names)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
