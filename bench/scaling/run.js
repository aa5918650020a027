import { drawCharts } from '../charts.js'
import { say } from '../prepare.js'
import { save } from '../results.js'
import { machine } from '../statistics.js'
import { versions } from '../versions.js'

const parts = ['sessions', 'payload', 'writers', 'concurrency']

/** What becomes of the cost as something grows: one part, or all of them. */
export async function run (options) {
  const { what, isWhole } = options
  for (const part of what === undefined ? parts : [what]) {
    say(`scaling: ${part}`)
    const { measure } = await import(`./${part}.js`)
    const { text, ...result } = await measure(options)
    console.log(`\n${text}\n`)
    save(`scaling-${part}`, { ...result, machine: machine(), versions: versions() }, isWhole)
  }
  if (isWhole) drawCharts()
}
