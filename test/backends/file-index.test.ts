import { existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Places } from '../../lib/backends/file/names.ts'
import type { IndexKey } from '../../lib/backends/index-keys.ts'
import { tombstone } from '../../lib/record/record.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { fileBench } from '../helpers/file-bench.ts'
import { nextOf } from '../helpers/records.ts'

const MINUTE_MS = 60_000

function bench (t: Test) {
  const files = fileBench(t)
  const places = new Places(files.directory, 'session')
  const entriesOf = (value: string, kind: IndexKey['kind'] = 'subject') => {
    const directory = places.entries({ kind, value })
    return existsSync(directory) ? readdirSync(directory).sort() : []
  }
  return { ...files, places, entriesOf }
}

t.test('every end of a session takes it out of the index of its subject', async t => {
  const { backend, clock, record, entriesOf } = bench(t)
  const ends: Record<string, (record: SessionRecord) => unknown> = {
    'an expired record': record => backend.write(record.id, nextOf(record, { data: '', subject: null, expiresAt: 0 }), record.version),
    'a tombstone': record => backend.write(record.id, tombstone(record.id, clock.now), record.version),
    'a removal': record => backend.remove(record.id),
    'a revocation of the subject': () => backend.removeSubject('alice', {}),
    'a revocation of all': () => backend.removeAll()
  }
  for (const [what, end] of Object.entries(ends)) {
    const written = record({ subject: 'alice' })
    await backend.write(written.id, written, 0)
    t.strictSame(entriesOf('alice'), [written.id])
    await end(written)
    t.strictSame(entriesOf('alice'), [], what)
  }
  await backend.close()
})

t.test('a session that cannot be read ends all the same, and its entry goes by its time', async t => {
  const { backend, record, place, names, entriesOf } = bench(t)
  const written = record({ subject: 'alice' })
  await backend.write(written.id, written, 0)
  const data = join(place(written.id), names(written.id).find(name => name.startsWith('d.'))!)
  rmSync(data)
  symlinkSync(data, data)
  await backend.remove(written.id)
  t.equal(await backend.read(written.id), null)
  t.strictSame(entriesOf('alice'), [written.id])
})

t.test('an entry that was lost comes back with the next write of its session', async t => {
  const { backend, record, places, entriesOf } = bench(t)
  const written = record({ subject: 'alice' })
  await backend.write(written.id, written, 0)
  rmSync(places.entries({ kind: 'subject', value: 'alice' }), { recursive: true })
  await backend.write(written.id, nextOf(written), written.version)
  t.strictSame(entriesOf('alice'), [written.id])
})

t.test('a listing takes out what is missing, once it is older than five minutes', async t => {
  for (const look of ['list', 'count'] as const) {
    const { backend, clock, record, place, entriesOf } = bench(t)
    const [live, dead] = [record({ subject: look }), record({ subject: look })]
    for (const each of [live, dead]) await backend.write(each.id, each, 0)
    rmSync(place(dead.id), { recursive: true })
    clock.now += 5 * MINUTE_MS
    await backend[look]({ subject: look })
    t.equal(entriesOf(look).length, 2, 'it may be about to be stored')
    clock.now += 1
    await backend[look]({ subject: look })
    t.strictSame(entriesOf(look), [live.id])
  }
})

t.test('a revocation writes a tombstone for the living and the young, and nothing for what is gone', async t => {
  const { backend, clock, record, place, entriesOf } = bench(t)
  const [dead, live, spared] = [record({ subject: 'alice' }), record({ subject: 'alice' }), record({ subject: 'alice' })]
  for (const each of [dead, live, spared]) await backend.write(each.id, each, 0)
  clock.now += 6 * MINUTE_MS
  const young = record({ subject: 'alice' })
  await backend.write(young.id, young, 0)
  for (const { id } of [dead, young]) rmSync(place(id), { recursive: true })
  t.equal(await backend.removeSubject('alice', { except: spared.id }), 1)
  t.strictSame([dead, live, young].map(({ id }) => existsSync(place(id))), [false, true, true])
  t.strictSame(entriesOf('alice'), [spared.id])
  t.not(await backend.write(young.id, young, 0), young.id, 'what had begun is refused')
})
