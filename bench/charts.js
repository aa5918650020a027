// Draws docs/images from results: node bench/charts.js [folder with the results]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { barChart, lineChart } from './svg.js'

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
  'scaling-writers': ['scaling-writers', writers]
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

const where = ({ machine: { node, cpu, cores } }) => `Node ${node.slice(1)}, ${cpu}, ${cores} cores`

function costs (result, kind, title, cases) {
  const chosen = Object.entries(result.contestants).filter(([name, contestant]) => kind === 'cookie' ? contestant.kind === 'cookie' : name.endsWith(', memory'))
  return bars({
    title,
    subtitle: `µs of server CPU per request, above bare Fastify with @fastify/cookie; less is better. ${where(result)}`,
    groups: groupsOf(chosen, cases, 'above'),
    isCut: true
  })
}

function throughputs (result, store, title) {
  const chosen = Object.entries(result.contestants).filter(([name]) => new RegExp(store, 'i').test(name))
  return bars({ title, subtitle: `At 32 connections; more is better. By hand: no session at all, but the same round trips. ${where(result)}`, groups: groupsOf(chosen, ['read', 'write'], 'throughput'), digits: 0 })
}

const bars = chart => chart.groups.length === 0 ? undefined : barChart(chart)

function groupsOf (chosen, cases, figure) {
  return cases.map(label => ({
    label,
    bars: chosen.filter(([, { cases }]) => cases[`${label}, ${SIZE}`]).map(([name, { cases }]) => {
      const { median, low, high } = cases[`${label}, ${SIZE}`][figure]
      return { name, value: median, low, high }
    })
  })).filter(({ bars }) => bars.length > 0)
}

function coldStart (result) {
  const list = Object.entries(result.modules).filter(([, { milliseconds }]) => milliseconds.median > 0.5)
  const group = (label, figure) => ({ label, bars: list.map(([name, figures]) => ({ name, value: figures[figure].median })) })
  return barChart({ title: 'Cold start', subtitle: `What importing takes in a fresh process, Fastify not counted; less is better. ${where(result)}`, groups: [group('milliseconds', 'milliseconds'), group('MB of memory', 'rssMegabytes')], isApart: true })
}

function heap (result) {
  const groups = Object.entries(result.heaps).map(([name, { before, after }]) => ({ name, value: after - before }))
  return barChart({ title: 'Heap', subtitle: `MB that ${result.requests.toLocaleString('en')} requests with as many cookies leave behind; less is better. ${where(result)}`, groups: [{ label: '', bars: groups }] })
}

function sessions (result) {
  const groups = Object.entries(result.backends).flatMap(([backend, { cost, small, large }]) => ['read', 'write'].map(path => ({
    label: `${backend}, ${path}`,
    bars: [small, large].map(side => ({ name: `beside ${side.count.toLocaleString('en')}`, value: side[path][cost].median }))
  })))
  return bars({
    isApart: true,
    title: 'The cost of a request as sessions grow',
    subtitle: `µs: of CPU in memory and files, of time at 32 connections with a server. ${where(result)}`,
    groups
  })
}

function payloads (result) {
  const chosen = { 'fastsessions, memory': 'ours', '@fastify/session, memory': 'peer0', 'fastsessions, Redis': 'peer2', 'by hand, Redis': 'hand', 'fastsessions, cookie': 'peer1', '@fastify/secure-session': 'peer3' }
  const lines = Object.entries(chosen).filter(([name]) => result.contestants[name]).map(([name, className]) => ({
    name, className, isDashed: !name.startsWith('fastsessions'), points: Object.entries(result.contestants[name].write).map(([size, { cpu }]) => [Number(size), cpu])
  }))
  if (lines.length === 0) return undefined
  const xLabels = [[100, '100 B'], [1_000, '1 kB'], [10_000, '10 kB'], [100_000, '100 kB']]
  return lineChart({ title: 'The cost of a write as the payload grows', subtitle: `µs of server CPU per request. ${where(result)}`, lines, xName: 'payload as JSON', xLabels, isLogarithmic: true })
}

function writers (result) {
  const classes = ['ours', 'peer0', 'peer1', 'peer2', 'peer3', 'hand']
  const lines = Object.entries(result.backends).flatMap(([backend, byProcesses], index) => Object.entries(byProcesses).filter(([processes]) => processes === '4').map(([processes, found]) => ({
    name: `${backend}, ${processes} processes`, className: classes[index], points: Object.entries(found).map(([count, { extra }]) => [Number(count), extra])
  })))
  if (lines.length === 0) return undefined
  return lineChart({ title: 'Many writers of one session at once', subtitle: `Calls of the store per request beyond one read and one write; no update is lost. ${where(result)}`, lines, xName: 'writers at once', xLabels: [4, 8, 16, 32, 64].map(n => [n, n]) })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder] = process.argv.slice(2)
  const drawn = drawCharts(folder && new URL(`${folder.replace(/\/*$/, '')}/`, pathToFileURL(`${process.cwd()}/`)))
  console.log(`drew ${drawn.join(', ')}`)
}
