import t from 'tap'
import { run, told } from './model/model.ts'
import { places } from './model/places.ts'

/** More with `MODEL_SEQUENCES`, again with `MODEL_SEED`; `npm run model` also plays on servers. */
const SEQUENCES = Number(process.env['MODEL_SEQUENCES'] ?? 60)
const SEED = Number(process.env['MODEL_SEED'] ?? Math.floor(Math.random() * 1e6))
const backends = ['cookie', 'memory', 'file', 'sqlite', 'express-store']

for (const backend of backends) {
  t.test(`random sequences of requests go as the model says (${backend})`, async t => {
    const options = { backend, open: await places[backend]!(), seed: SEED, sequences: SEQUENCES, lanes: 4 }
    const { sequences, requests, found } = await run(options)
    t.comment(`seed ${SEED}: ${sequences} sequences, ${requests} requests`)
    t.equal(found.length, 0, found.map(each => told(backend, each)).join('\n'))
  })
}
