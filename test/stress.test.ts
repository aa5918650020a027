import t from 'tap'
import { providePlace, storeNames } from '../stress/places.ts'
import { stress } from '../stress/stress.ts'
import { wrongBackends } from '../stress/wrong.ts'

const SECONDS = 2
/** The number of runs of a second each in which the checker may find a mistake: some mistakes show only now and then. */
const CHANCES = 20
/** Each test run has another seed, which a failure prints. To repeat a run: npm run stress -- --seed … */
const seed = Math.floor(Math.random() * 1e6)

for (const [name, { breaks }] of Object.entries(wrongBackends)) {
  t.test(`the checker finds what a backend breaks (${name})`, async t => {
    const found = new Set<string>()
    for (let chance = 0; chance < CHANCES && !found.has(breaks); chance++) {
      const { violations } = await stress({ ...await providePlace(name), seed: seed + chance, seconds: 1, servers: 2, clients: 24 })
      for (const { promise } of violations) found.add(promise)
    }
    t.ok(found.has(breaks), breaks, { seed, found: [...found] })
  })
}

for (const name of storeNames) {
  t.test(`no promise is broken under stress (${name})`, async t => {
    const place = await providePlace(name)
    t.teardown(() => place.end())
    const { requests, counts, violations } = await stress({ ...place, seed, seconds: SECONDS, servers: name === 'memory' ? 1 : 2, clients: 24 })
    t.comment(`seed ${seed}: ${requests} requests: ${JSON.stringify(counts)}`)
    t.strictSame(violations, [], `npm run stress -- --backend ${name} --seed ${seed}`)
    t.ok(requests > 100, 'there was some stress')
  })
}
