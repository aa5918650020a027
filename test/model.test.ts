import t from 'tap'
import { MemoryBackend } from '../lib/index.ts'
import type { SessionBackend, SessionRecord } from '../types/index.d.ts'
import { run, told } from './model/model.ts'
import { places } from './model/places.ts'
import type { Open } from './model/play.ts'

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

/** Backends that break one promise each. */
const wrong: Readonly<Record<string, (memory: () => MemoryBackend) => Partial<SessionBackend>>> = {
  'writes whatever stands': memory => ({ write: (id, record) => memory().write(id!, record) }),
  'renews nothing': () => ({ touch: () => true }),
  'forgets whose session it is': memory => ({ read: id => withoutSubject(memory().read(id)) })
}

function withoutSubject (record: SessionRecord | null): SessionRecord | null { return record && { ...record, subject: null } }

function opening (mistakeOf: (memory: () => MemoryBackend) => Partial<SessionBackend>): Open {
  return async () => {
    let memory = new MemoryBackend()
    const backend: SessionBackend = {
      atomic: true,
      bind (context) {
        memory = memory.bind(context)
        return backend
      },
      read: id => memory.read(id),
      write: (id, record, expected) => memory.write(id!, record, expected),
      remove: id => { memory.remove(id) },
      touch: (id, record) => memory.touch(id, record),
      ...mistakeOf(() => memory)
    }
    return { backend, close: async () => {} }
  }
}

t.test('a backend that breaks nothing is no fault', async t => {
  t.strictSame((await run({ backend: 'memcached', open: opening(() => ({})), seed: 1, sequences: 30 })).found, [])
})

for (const [name, mistakeOf] of Object.entries(wrong)) {
  t.test(`a backend that ${name} is found, and shown by a short sequence`, async t => {
    const { found: [found] } = await run({ backend: 'memcached', open: opening(mistakeOf), seed: 1, sequences: 500 })
    t.ok(found!.sequence.steps.length <= 3, told('memcached', found!))
  })
}
