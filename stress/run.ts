import { parseArgs } from 'node:util'
import { FASTIFY_SESSION } from './fastify-session.ts'
import { providePlace, storeNames } from './places.ts'
import { stress, type Report } from './stress.ts'
import { wrongBackends } from './wrong.ts'

const HELP = `Server processes and many clients at once on one store, then a check of everything that was answered.

  npm run stress -- [options]

  --backend    where the sessions are (memory):
               ${storeNames.join(', ')}
               all: one after the other
               ${FASTIFY_SESSION}, for comparison (npm ci --prefix bench)
               or one that breaks a promise: ${Object.keys(wrongBackends).map(name => `"${name}"`).join(', ')}
  --seconds    for how long (10)
  --processes  how many servers (3; what is in memory has 1)
  --clients    how many requests at once (32)
  --seed       what the clients do (a random one, which is printed)
  --help       this

Ends with 1 when a promise was broken.`

const EXAMPLES_PER_PROMISE = 3

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'memory' },
    seconds: { type: 'string', default: '10' },
    processes: { type: 'string', default: '3' },
    clients: { type: 'string', default: '32' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    help: { type: 'boolean', short: 'h', default: false }
  }
})

if (values.help) console.log(HELP)
else for (const name of values.backend === 'all' ? storeNames : [values.backend]) await runOn(name)
// Servers that were started for it end with it.
process.exit()

async function runOn (name: string): Promise<void> {
  const [seed, seconds, processes, clients] = [values.seed, values.seconds, values.processes, values.clients].map(Number) as [number, number, number, number]
  const place = await providePlace(name)
  try {
    const report = await stress({ ...place, seed, seconds, clients, servers: name === 'memory' || name === FASTIFY_SESSION ? 1 : processes })
    console.log(summary(name, report))
    if (report.violations.length > 0) process.exitCode = 1
  } finally {
    await place.end()
  }
}

function summary (name: string, { requests, counts, violations }: Report): string {
  const lines = [`${name}: ${requests} requests, seed ${values.seed}, promises broken: ${violations.length}`, `  ${counted(counts)}`]
  for (const promise of new Set(violations.map(violation => violation.promise))) {
    const broken = violations.filter(violation => violation.promise === promise)
    lines.push(`  ${promise}: ${broken.length}`, ...broken.slice(0, EXAMPLES_PER_PROMISE).map(({ detail }) => `    ${detail}`))
  }
  return lines.join('\n')
}

function counted (counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')
}
