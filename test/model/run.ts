import { parseArgs } from 'node:util'
import { run, told } from './model.ts'
import { places } from './places.ts'

const HELP = `Random sequences of requests, in an application and in a model of it: what each request sees, what the browser holds, what is
stored, when it ends and who is signed in.

  npm run model -- [options]

  --backend    where the sessions are (memory), several with commas, or all:
               ${Object.keys(places).join(', ')}
  --sequences  how many on each backend (1000)
  --seed       the seed of the first sequence, the next one has the next number (a random one, which is printed)
  --faults     after so many faults on a backend no more are looked for (1)
  --help       this

A fault is printed with the shortest sequence that shows it. Ends with 1 when there was one, with 2 for a backend that does not exist.`

/** So many sequences wait for a server at once. */
const LANES = 8

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'memory' },
    sequences: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    faults: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h', default: false }
  }
})

if (values.help) console.log(HELP)
else await runAll(values.backend === 'all' ? Object.keys(places) : values.backend.split(','))
// Servers that were started for this process, and connections to them, end with this process.
process.exit()

async function runAll (backends: readonly string[]): Promise<void> {
  const unknown = backends.find(backend => !Object.hasOwn(places, backend))
  if (unknown !== undefined) {
    console.error(`there is no backend of this name: ${unknown}; there are ${Object.keys(places).join(', ')}`)
    process.exitCode = 2
    return
  }
  for (const backend of backends) await runOn(backend)
}

async function runOn (backend: string): Promise<void> {
  const begin = performance.now()
  const options = { seed: Number(values.seed), sequences: Number(values.sequences), mostFaults: Number(values.faults), lanes: LANES }
  const { sequences, requests, found } = await run({ backend, open: await places[backend]!(), ...options })
  for (const each of found) console.log(`\n${told(backend, each)}\n`)
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1)
  console.log(`${backend}, seed ${values.seed}: ${sequences} sequences, ${requests} requests, ${found.length} faults, ${seconds} s`)
  if (found.length > 0) process.exitCode = 1
}
