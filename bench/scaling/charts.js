import { where } from '../statistics.js'
import { barChart, classesOf, lineChart } from '../svg.js'

const CONCURRENCY = {
  throughput: { title: 'requests per second', subtitle: 'More is better' },
  cpu: { title: 'the cost of a request', subtitle: 'µs of server CPU; less is better' }
}

export function sessions (result) {
  const groups = Object.entries(result.backends).flatMap(([backend, { cost, small, large }]) => ['read', 'write'].map(path => ({
    label: `${backend}, ${path}`,
    bars: [small, large].map(side => ({ name: `beside ${side.count.toLocaleString('en')}`, value: side[path][cost].median }))
  })))
  if (groups.length === 0) return undefined
  return barChart({
    isApart: true,
    title: 'The cost of a request as sessions grow',
    subtitle: `µs: of CPU in memory and files, of time at 32 connections with a server. ${where(result)}`,
    groups
  })
}

export function payloads (result) {
  const chosen = { 'fastsessions, memory': 'ours', '@fastify/session, memory': 'peer0', 'fastsessions, Redis': 'peer2', 'by hand, Redis': 'hand', 'fastsessions, cookie': 'peer1', '@fastify/secure-session': 'peer3' }
  const lines = Object.entries(chosen).filter(([name]) => result.contestants[name]).map(([name, className]) => ({
    name, className, isDashed: !name.startsWith('fastsessions'), points: Object.entries(result.contestants[name].write).map(([size, { cpu }]) => [Number(size), cpu])
  }))
  if (lines.length === 0) return undefined
  const xLabels = [[100, '100 B'], [1_000, '1 kB'], [10_000, '10 kB'], [100_000, '100 kB']]
  return lineChart({ title: 'The cost of a write as the payload grows', subtitle: `µs of server CPU per request. ${where(result)}`, lines, xName: 'payload as JSON', xLabels, isLogarithmic: true })
}

export function writers (result) {
  const classes = ['ours', 'peer0', 'peer1', 'peer2', 'peer3', 'hand']
  const lines = Object.entries(result.backends).flatMap(([backend, byProcesses], index) => Object.entries(byProcesses).filter(([processes]) => processes === '4').map(([processes, found]) => ({
    name: `${backend}, ${processes} processes`, className: classes[index], points: Object.entries(found).map(([count, { extra }]) => [Number(count), extra])
  })))
  if (lines.length === 0) return undefined
  return lineChart({ title: 'Many writers of one session at once', subtitle: `Calls of the store per request beyond one read and one write; no update is lost. ${where(result)}`, lines, xName: 'writers at once', xLabels: [4, 8, 16, 32, 64].map(n => [n, n]) })
}

export function concurrency (result, store, figure) {
  const { title, subtitle } = CONCURRENCY[figure]
  const contestants = result.stores[store] ?? {}
  const classes = classesOf(Object.keys(contestants))
  const lines = Object.entries(contestants).flatMap(([name, paths]) => Object.entries(paths).map(([path, found]) => ({
    name: `${name.replace(`, ${store}`, '').replace('@fastify/session, ', '')}, ${path}`,
    className: classes[name],
    isDashed: path === 'write',
    points: Object.entries(found).map(([connections, figures]) => [Number(connections), figures[figure].median])
  })))
  if (lines.length === 0) return undefined
  const xLabels = lines[0].points.map(([connections]) => [connections, connections])
  return lineChart({
    title: `Sessions in ${store}, more and more connections: ${title}`,
    subtitle: `${subtitle}. ${where(result)}`,
    lines,
    xName: 'connections, each with one request at a time',
    xLabels,
    digits: 0
  })
}
