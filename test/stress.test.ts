import t from 'tap'
import { type Place, providePlace, storeNames } from '../stress/places.ts'
import { type Report, stress } from '../stress/stress.ts'
import { wrongBackends } from '../stress/wrong.ts'

const SECONDS = 2
/** The number of runs of a second each in which the checker may find a mistake: some mistakes show only now and then. */
const CHANCES = 20
/** Each test run has another seed, which a failure prints. To repeat a run: npm run stress -- --seed … */
const seed = Math.floor(Math.random() * 1e6)

for (const [name, { breaks, scenario = 'traffic' }] of Object.entries(wrongBackends)) {
  t.test(`the checker finds what a backend breaks (${name})`, async t => {
    const found = new Set<string>()
    for (let chance = 0; chance < CHANCES && !found.has(breaks); chance++) {
      const { violations } = await run(scenario, await providePlace(name), seed + chance, 1)
      for (const { promise } of violations) found.add(promise)
    }
    t.ok(found.has(breaks), breaks, { seed, found: [...found] })
  })
}

for (const name of storeNames) {
  t.test(`no promise is broken under stress (${name})`, async t => {
    const place = await providePlace(name)
    t.teardown(() => place.end())
    const { requests, counts, violations } = await run('traffic', place, seed, SECONDS)
    t.comment(`seed ${seed}: ${requests} requests: ${JSON.stringify(counts)}`)
    t.strictSame(violations, [], `npm run stress -- --backend ${name} --seed ${seed}`)
    t.ok(requests > 100, 'there was some stress')
  })
}

async function run (scenario: string, place: Place, seed: number, seconds: number): Promise<Report> {
  return await stress({ place, scenario, seed, seconds, servers: 2, clients: 24, kills: null })
}
