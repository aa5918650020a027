// Draws docs/images from results: node bench/charts.js [folder with the results]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { concurrency, payloads, sessions, writers } from './scaling/charts.js'
import { where } from './statistics.js'
import { barChart } from './svg.js'

const images = new URL('../docs/images/', import.meta.url)
const results = new URL('results/', import.meta.url)
const SIZE = 200

const charts = {
  'cookie-cpu': ['contest', result => costs(result, 'cookie', 'Sessions in a cookie: what they cost', ['read', 'read, new cookies', 'write', 'login'])],
  'memory-cpu': ['contest', result => costs(result, 'memory', 'Sessions in memory: what they cost', ['read', 'write', 'login'])],
  'redis-throughput': ['contest', result => throughputs(result, 'redis', 'Sessions in Redis: requests per second')],
  'postgres-throughput': ['contest', result => throughputs(result, 'postgres|pg', 'Sessions in PostgreSQL: requests per second')],
  'cold-start': ['cold-start', coldStart],
  heap: ['heap', heap],
  'scaling-sessions': ['scaling-sessions', sessions],
  'scaling-payload': ['scaling-payload', payloads],
  'scaling-writers': ['scaling-writers', writers],
  'concurrency-redis-throughput': ['scaling-concurrency', result => concurrency(result, 'Redis', 'throughput')],
  'concurrency-redis-cpu': ['scaling-concurrency', result => concurrency(result, 'Redis', 'cpu')],
  'concurrency-postgres-throughput': ['scaling-concurrency', result => concurrency(result, 'PostgreSQL', 'throughput')],
  'concurrency-postgres-cpu': ['scaling-concurrency', result => concurrency(result, 'PostgreSQL', 'cpu')]
}

/** Each chart whose results are there. */
export function drawCharts (folder = results) {
  mkdirSync(images, { recursive: true })
  const drawn = Object.entries(charts).filter(([name, [source, draw]]) => {
    const result = readResult(folder, source)
    const chart = result && draw(result)
    if (chart) writeFileSync(new URL(`${name}.svg`, images), chart)
    return Boolean(chart)
  })
  return drawn.map(([name]) => name)
}

function readResult (folder, name) {
  try {
    return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function costs (result, kind, title, cases) {
  const chosen = Object.entries(result.contestants).filter(([name, contestant]) => kind === 'cookie' ? contestant.kind === 'cookie' : name.endsWith(', memory'))
  return bars({
    title,
    subtitle: `µs of server CPU per request, warm, above bare Fastify with @fastify/cookie; less is better. ${where(result)}`,
    groups: groupsOf(chosen, cases, 'above'),
    isCut: true
  })
}

function throughputs (result, store, title) {
  const chosen = Object.entries(result.contestants).filter(([name]) => new RegExp(store, 'i').test(name))
  return bars({ title, subtitle: `At 32 connections, warm; more is better. By hand: no session at all, but the same round trips. ${where(result)}`, groups: groupsOf(chosen, ['read', 'write'], 'throughput'), digits: 0 })
}

const bars = chart => chart.groups.length === 0 ? undefined : barChart(chart)

function groupsOf (chosen, cases, figure) {
  return cases.map(label => ({
    label,
    bars: chosen.filter(([, { cases }]) => cases[`${label}, ${SIZE}`]).map(([name, { cases }]) => {
      const { median, low, high } = warmest(cases[`${label}, ${SIZE}`])[figure]
      return { name, value: median, low, high }
    })
  })).filter(({ bars }) => bars.length > 0)
}

/** Servers run for days: what is drawn is what a request costs then. */
const warmest = figures => figures.warm ?? figures

function coldStart (result) {
  const list = Object.entries(result.modules).filter(([, { milliseconds }]) => milliseconds.median > 0.5)
  const group = (label, figure) => ({ label, bars: list.map(([name, figures]) => ({ name, value: figures[figure].median })) })
  return barChart({ title: 'Cold start', subtitle: `What importing takes in a fresh process, Fastify not counted; less is better. ${where(result)}`, groups: [group('milliseconds', 'milliseconds'), group('MB of memory', 'rssMegabytes')], isApart: true })
}

function heap (result) {
  const groups = Object.entries(result.heaps).map(([name, { before, after }]) => ({ name, value: after - before }))
  return barChart({ title: 'Heap', subtitle: `MB that ${result.requests.toLocaleString('en')} requests with as many cookies leave behind; less is better. ${where(result)}`, groups: [{ label: '', bars: groups }] })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder] = process.argv.slice(2)
  const drawn = drawCharts(folder && new URL(`${folder.replace(/\/*$/, '')}/`, pathToFileURL(`${process.cwd()}/`)))
  console.log(`drew ${drawn.join(', ')}`)
}
