import { parseArgs } from 'node:util'
import { FASTIFY_SESSION } from './fastify-session.ts'
import { providePlace, storeNames } from './places.ts'
import { longestEnding, summary } from './report.ts'
import { scenarioNames, scenarios } from './scenarios/index.ts'
import { stress } from './stress.ts'
import { wrongBackends } from './wrong.ts'

const HELP = `Server processes and many clients at once on one store, then a check of everything that was answered.

  npm run stress -- [options]

  --scenario   what happens (traffic), one of these or all:
${scenarioNames.map(name => `               ${name.padEnd(11)} ${scenarios[name]!.about}`).join('\n')}
  --backend    where the sessions are (memory):
               ${storeNames.join(', ')}
               all: one after the other
               ${FASTIFY_SESSION}, for comparison (npm ci --prefix bench)
               or one that breaks a promise: ${Object.keys(wrongBackends).map(name => `"${name}"`).join(', ')}
  --seconds    for how long (10)
  --processes  how many servers (3; with ${FASTIFY_SESSION} and in killed: 1)
  --clients    how many requests at once (32)
  --kills      how often killed kills on each backend (as often as the time allows)
  --seed       what the clients do (a random one, which is printed)
  --help       this

Ends with 1 when a promise was broken, and with 2 for a scenario that does not exist.`

/** The checker reads all requests of a run together: many kills are several runs, each with its own seed. */
const KILLS_PER_RUN = 25

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'traffic' },
    backend: { type: 'string', default: 'memory' },
    seconds: { type: 'string', default: '10' },
    processes: { type: 'string', default: '3' },
    clients: { type: 'string', default: '32' },
    kills: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    help: { type: 'boolean', short: 'h', default: false }
  }
})

const table: Array<Record<string, string | number>> = []

if (values.help) console.log(HELP)
else await runAll()
// Servers that were started for this process end with this process.
process.exit()

async function runAll (): Promise<void> {
  const { scenario, backend } = values
  if (scenario !== 'all' && !scenarioNames.includes(scenario)) {
    console.error(`there is no scenario of this name: ${scenario}; there are ${scenarioNames.join(', ')}`)
    process.exitCode = 2
    return
  }
  for (const name of scenario === 'all' ? scenarioNames : [scenario]) {
    for (const store of backend === 'all' ? storeNames : [backend]) {
      if (scenarios[name]!.isFor(store)) await runOften(name, store)
      else console.log(`${name} on ${store}: there is nothing to see`)
    }
  }
  if (table.length > 1) console.table(table)
}

async function runOften (name: string, store: string): Promise<void> {
  const [first, all] = [Number(values.seed), values.kills === undefined || name !== 'killed' ? null : Number(values.kills)]
  const runs = all === null ? 1 : Math.ceil(all / KILLS_PER_RUN)
  for (let n = 0; n < runs; n++) {
    await runOnce(name, store, first + n, all === null ? null : Math.min(KILLS_PER_RUN, all - n * KILLS_PER_RUN))
  }
}

async function runOnce (scenario: string, store: string, seed: number, kills: number | null): Promise<void> {
  const title = `${scenario} on ${store}, seed ${seed}`
  const say = (text: string): void => { console.error(`${title}: ${text}`) }
  say('begins')
  const place = await providePlace(store, scenarios[scenario]!)
  try {
    const report = await stress({
      place,
      scenario,
      seed,
      kills,
      seconds: Number(values.seconds),
      clients: Number(values.clients),
      servers: store === FASTIFY_SESSION ? 1 : Number(values.processes),
      onProgress: say
    })
    const { requests, violations, unavailable, endings } = report
    console.log(summary(title, report))
    const found = { requests, broken: violations.length, 'wrong 503s': unavailable }
    table.push({ scenario, backend: store, seed, ...found, 'longest ending (ms)': Math.round(longestEnding(endings)) })
    if (violations.length > 0) process.exitCode = 1
  } finally {
    await place.end()
  }
}
