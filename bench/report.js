import { cpus } from 'node:os'

export const median = values => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

export const cases = ['no cookie', 'untouched', 'read', 'write']

/** Medians and spread, and what each contestant costs above the base line of its own round. */
export function summarize (samples, base) {
  return Object.fromEntries(Object.entries(samples).map(([name, byCase]) => [name, Object.fromEntries(
    Object.entries(byCase).filter(([, values]) => values.length > 0).map(([title, values]) => {
      const baseValues = samples[base][title === 'no cookie' ? 'no cookie' : 'untouched']
      const above = values.map((value, round) => value - baseValues[round])
      return [title, { median: median(values), min: Math.min(...values), max: Math.max(...values), above: median(above) }]
    })
  )]))
}

export function machine () {
  const [{ model }] = cpus()
  return { node: process.version, cpu: model, cores: cpus().length, date: new Date().toISOString().slice(0, 10) }
}

/** CPU microseconds per request; in brackets what is above the base line. */
export function table (summary) {
  const width = Math.max(...Object.keys(summary).map(name => name.length))
  const cell = figure => (figure ? `${figure.median.toFixed(1)} (${figure.above >= 0 ? '+' : ''}${figure.above.toFixed(1)})` : '–').padStart(16)
  return [
    ' '.repeat(width) + cases.map(title => title.padStart(16)).join(''),
    ...Object.entries(summary).map(([name, figures]) => name.padEnd(width) + cases.map(title => cell(figures[title])).join(''))
  ].join('\n')
}
