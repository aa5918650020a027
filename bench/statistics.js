import { cpus, totalmem } from 'node:os'

/** Two figures that do not differ by more are the same. */
const NOISE = 0.03

export function median (values) {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2
}

/** What is kept of a series: the middle, the half around it, and the ends. */
export function spread (values) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = share => sorted[Math.round((sorted.length - 1) * share)]
  return Object.fromEntries(Object.entries({ median: median(values), low: at(0.25), high: at(0.75), min: sorted[0], max: sorted.at(-1) }).map(([key, value]) => [key, round(value)]))
}

export const round = value => Number(value.toPrecision(5))

export function machine () {
  const [{ model }] = cpus()
  return { node: process.version, cpu: model, cores: cpus().length, memoryGB: Math.round(totalmem() / 2 ** 30), date: new Date().toISOString().slice(0, 10) }
}

/** Whether the second figure is another than the first, and not the same with some noise. */
export const isOther = (one, other) => Math.abs(other - one) > Math.abs(one) * NOISE

/** The machine of a result, for the subtitle of a chart. */
export const where = ({ machine: { node, cpu, cores } }) => `Node ${node.slice(1)}, ${cpu}, ${cores} cores`

/** Another order each round, so that none is always first, or always after the same one. */
export const rotated = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]
