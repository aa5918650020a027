import t from 'tap'
import { providePlace } from '../stress/places.ts'
import { scenarioNames, scenarios } from '../stress/scenarios/index.ts'
import { stress } from '../stress/stress.ts'

/** How long each scenario lasts here, in seconds, and on which stores: the program has more time. Traffic is in stress.test.ts. */
const SHORT: Readonly<Record<string, { seconds: number, stores: readonly string[] }>> = {
  bursts: { seconds: 2, stores: ['memory', 'redis', 'postgres'] },
  hostile: { seconds: 6, stores: ['redis', 'memcached'] },
  outages: { seconds: 6, stores: ['memcached'] },
  neighbours: { seconds: 1, stores: ['memory', 'sqlite', 'redis', 'memcached'] },
  clocks: { seconds: 2, stores: ['memory', 'redis', 'postgres'] },
  evictions: { seconds: 1, stores: ['memory', 'redis', 'postgres'] },
  revocations: { seconds: 1, stores: ['memory', 'redis'] },
  moving: { seconds: 3, stores: ['redis to postgres'] },
  cached: { seconds: 3, stores: ['cached redis', 'cached postgres'] },
  refusals: { seconds: 1, stores: ['memory', 'redis'] },
  killed: { seconds: 2, stores: ['file', 'redis', 'postgres'] }
}
const KILLS = 2
/** Each test run has another seed, which a failure prints. */
const seed = Math.floor(Math.random() * 1e6)

for (const [scenario, { seconds, stores }] of Object.entries(SHORT)) {
  for (const name of stores) {
    t.test(`no promise is broken: ${scenarios[scenario]!.about} (${name})`, async t => {
      const place = await providePlace(name, scenarios[scenario])
      t.teardown(() => place.end())
      const { requests, counts, figures, violations } = await stress({ place, scenario, seed, seconds, servers: 2, clients: 24, kills: KILLS })
      t.comment(`seed ${seed}: ${requests} requests: ${JSON.stringify(counts)}`)
      t.strictSame(violations, [], `npm run stress -- --scenario ${scenario} --backend ${name} --seed ${seed}`)
      t.ok(requests > 50 || Number(figures['rounds']) > 0, 'there was some stress')
    })
  }
}

t.test('every scenario is tried by the tests', async t => {
  t.strictSame(['traffic', ...Object.keys(SHORT)].sort(), [...scenarioNames].sort())
})
