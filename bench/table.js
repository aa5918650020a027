import { nameOf } from './payload.js'
import { isOther } from './statistics.js'

const digits = value => Math.abs(value) < 100 ? value.toFixed(1) : value.toFixed(0)
const signed = value => (value < 0 ? '' : '+') + digits(value)

/** Each with how it is shown, and the figure by which the warm one is told from the short one. */
const figures = {
  'CPU of the server per request, µs; in brackets what is above the base line of the same round ± half of the middle half': {
    of: ({ cpu }) => cpu.median,
    show: ({ cpu, above }) => `${digits(cpu.median)} (${signed(above.median)} ±${((above.high - above.low) / 2).toFixed(1)})`
  },
  'kB allocated per request on the heap of the server': {
    of: ({ allocated }) => allocated.median,
    show: ({ allocated }) => digits(allocated.median)
  },
  'Requests per second at 32 connections ± half of the middle half': {
    of: ({ throughput }) => throughput.median,
    show: ({ throughput: { median, low, high } }) => `${median.toFixed(0)} ±${((high - low) / 2).toFixed(0)}`
  },
  'Latency at 32 connections, µs: p50 / p99 (of a whole batch for parallel requests)': {
    of: ({ p50 }) => p50.median,
    show: ({ p50, p99 }) => `${p50.median.toFixed(0)} / ${p99.median.toFixed(0)}`
  },
  'Bytes on the wire per request: up / down': {
    of: ({ bytes }) => bytes.down,
    show: ({ bytes }) => `${bytes.up.toFixed(0)} / ${bytes.down.toFixed(0)}`
  }
}

/** All that was measured, as text. */
export function report (result, cold) {
  const { contestants, machine, versions, rounds, requests } = result
  const keys = [...new Set(Object.values(contestants).flatMap(({ cases }) => Object.keys(cases)))]
  const sections = Object.entries(figures).flatMap(([title, figure]) => bySize(keys).map(([size, ofSize]) => {
    const rows = Object.entries(contestants).flatMap(([name, { cases }]) => rowsOf(name, ofSize.map(key => cases[key]), figure))
    return `${title}; payload ${nameOf(size)}\n\n${grid(['', ...ofSize.map(caseOf)], rows)}`
  }))
  return [
    `${rounds} rounds of ${requests} requests, medians; warm: where the figure is another once it stands still`,
    Object.entries(machine).map(([key, value]) => `${key} ${value}`).join(', '),
    Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', '),
    ...sections,
    ...movingList(result),
    ...tripTable(contestants),
    ...lostTable(contestants),
    ...hotTable(result),
    ...(cold === undefined ? [] : [coldTable(cold)]),
    targetTable(result.targets)
  ].join('\n\n') + '\n'
}

/** A line of the short figures, and one of the warm ones that differ. */
function rowsOf (name, cells, { of, show }) {
  if (cells.every(cell => cell === undefined)) return []
  const warm = cells.map(cell => cell?.warm !== undefined && isOther(of(cell), of(cell.warm)) ? show(cell.warm) : '')
  const rows = [[name, ...cells.map(cell => cell === undefined ? '–' : show(cell))]]
  return warm.every(text => text === '') ? rows : [...rows, ['  warm', ...warm]]
}

const sizeOf = key => Number(key.slice(key.lastIndexOf(',') + 1))
const caseOf = key => key.slice(0, key.lastIndexOf(','))

function bySize (keys) {
  return [...new Set(keys.map(sizeOf))].map(size => [size, keys.filter(key => sizeOf(key) === size)])
}

function movingList ({ moving, windows }) {
  return moving.length === 0 ? [] : [`Still moving after ${windows} windows: ${moving.join('; ')}`]
}

function hotTable ({ hotUpdates }) {
  const rows = Object.entries(hotUpdates).filter(([, { hot }]) => hot !== null)
    .map(([name, { updates, hot }]) => [name, String(updates), `${(hot * 100).toFixed(1)} %`])
  return rows.length === 0 ? [] : [`Updates of PostgreSQL that are HOT: they touch no index\n\n${grid(['', 'updates', 'HOT'], rows)}`]
}

function tripTable (contestants) {
  const rows = Object.entries(contestants).filter(([, { roundTrips }]) => roundTrips).map(([name, { roundTrips }]) => [name, ...Object.values(roundTrips).map(trips => trips.toFixed(1))])
  return rows.length === 0 ? [] : [`Round trips to the store per request\n\n${grid(['', 'untouched', 'read', 'write', 'login'], rows)}`]
}

function lostTable (contestants) {
  const rows = Object.entries(contestants).flatMap(([name, { cases }]) => Object.entries(cases)
    .filter(([, { lost }]) => lost !== undefined)
    .map(([key, { lost, warm }]) => [name, caseOf(key), String(lost + (warm?.lost ?? 0))]))
  return rows.length === 0 ? [] : [`Updates lost by parallel requests (in the last batch of each round)\n\n${grid(['', 'case', 'lost'], rows)}`]
}

export function coldTable ({ modules, starts }) {
  const rows = Object.entries(modules).map(([name, figures]) => [name, cell(figures.milliseconds), cell(figures.cpuMilliseconds), cell(figures.rssMegabytes)])
  const imports = `Cold start: what importing takes in a fresh process, median\n\n${grid(['', 'ms', 'ms of CPU', 'MB of memory'], rows)}`
  if (starts === undefined) return imports
  const startRows = Object.entries(starts).map(([name, figures]) => [name, cell(figures.milliseconds), cell(figures.cpuMilliseconds)])
  return `${imports}\n\nThe whole start: Fastify, one plugin, ready(), median\n\n${grid(['', 'ms', 'ms of CPU'], startRows)}`
}

/** Results that were saved before a figure was measured do not have it. */
function cell (figure) {
  return figure === undefined ? '–' : digits(figure.median)
}

/** The short figure stands beside where it is another than the warm one. */
export function targetTable (targets) {
  const rows = targets.map(({ title, goal, moonshot, value, short, pass }) => [
    title,
    value === null ? '–' : value.toFixed(2),
    value === null || !isOther(value, short) ? '' : short.toFixed(2),
    goal,
    moonshot ?? '–',
    pass === null ? 'not measured' : pass ? 'pass' : 'MISS'
  ])
  return `Targets, by the warm figures\n\n${grid(['', 'reached', 'short', 'target', 'moonshot', ''], rows)}`
}

/** Aligned columns, the first to the left. */
export function grid (head, rows) {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column].length)))
  return all.map(row => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] + 2)).join('').trimEnd()).join('\n')
}
