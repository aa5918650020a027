import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { LEFTOVER_MS } from '../../lib/backends/file/leftovers.ts'
import { Places } from '../../lib/backends/file/names.ts'
import { fileBench } from '../helpers/file-bench.ts'

const OLD_SECONDS = (Date.now() - 2 * LEFTOVER_MS) / 1_000

const damages: Array<[name: string, damage: (directory: string, data: string, pointer: string) => void, isReported?: boolean]> = [
  ['cut off', (_, data) => { truncateSync(data, 60) }],
  ['empty', (_, data) => { truncateSync(data, 0) }],
  ['longer than it was written', (_, data) => { writeFileSync(data, 'more', { flag: 'a' }) }],
  ['another text of the same length', (_, data) => { writeFileSync(data, 'x'.repeat(readFileSync(data).length)) }],
  ['of another version', (_, data) => { writeFileSync(data, readFileSync(data, 'utf8').replace(/^(1 \w{9})(\w)/, (_, head: string, last: string) => head + (last === '1' ? '2' : '1'))) }],
  ['missing', (_, data) => { rmSync(data) }],
  ['a directory', (_, data) => { rmSync(data); mkdirSync(data) }],
  ['without a pointer', (_, __, pointer) => { rmSync(pointer) }, false],
  ['with two pointers', (_, __, pointer) => { writeFileSync(pointer.replace('cur.', 'end.'), '') }, false],
  ['a file in the place of the directory', directory => { rmSync(directory, { recursive: true }); writeFileSync(directory, '') }, false],
  ['lost among much else', (directory, _, pointer) => {
    rmSync(pointer)
    for (let n = 0; n < 40; n++) writeFileSync(join(directory, `else${n}`), '')
  }, false]
]

for (const [name, damage, isReported = true] of damages) {
  t.test(`a damaged session (${name}) is none, is reported without its content, and makes place for a new one`, async t => {
    const { backend, logged, record, place, names } = fileBench(t)
    for (const expected of [0, undefined]) {
      const written = record({ data: '{"secret":"hunter2"}', subject: 'alice' })
      const directory = place(written.id)
      await backend.write(written.id, written, 0)
      const [pointer, data] = names(written.id) as [string, string]
      damage(directory, join(directory, data), join(directory, pointer))
      logged.length = 0
      t.equal(await backend.read(written.id), null)
      t.equal(await backend.read(written.id), null)
      t.strictSame(logged, isReported ? [{ id: written.id, path: join(directory, data) }] : [])
      t.strictSame((await backend.list({})).sessions.filter(({ id }) => id === written.id), [])
      const other = record({ id: written.id })
      t.equal(await backend.write(other.id, other, expected), other.id)
      t.strictSame(await backend.read(other.id), other)
      await backend.remove(other.id)
      t.equal(await backend.read(other.id), null)
    }
  })
}

t.test('a damaged session of a subject can be ended', async t => {
  const { backend, record, place, names } = fileBench(t)
  const written = record({ data: '{"a":1}', subject: 'alice' })
  await backend.write(written.id, written, 0)
  const data = join(place(written.id), names(written.id)[1]!)
  writeFileSync(data, 'x'.repeat(readFileSync(data).length))
  await backend.remove(written.id)
  t.equal(await backend.read(written.id), null)
  t.strictSame((await backend.list({ subject: 'alice' })).sessions, [])
})

t.test('a thousand damaged sessions later, one is reported again', async t => {
  const { backend, logged, record, place, names } = fileBench(t)
  for (let n = 0; n < 1_001; n++) {
    const written = record()
    await backend.write(written.id, written, 0)
    rmSync(join(place(written.id), names(written.id)[1]!))
    await backend.read(written.id)
  }
  t.equal(logged.length, 1_001)
})

t.test('a session that a newer version stored is not absent, hides no other, and others of its subject can be ended', async t => {
  const { backend, record, place, names } = fileBench(t)
  const [newer, other] = [record({ subject: 'alice' }), record({ subject: 'alice' })]
  for (const given of [newer, other]) await backend.write(given.id, given, 0)
  const data = join(place(newer.id), names(newer.id)[1]!)
  writeFileSync(data, `2${readFileSync(data, 'utf8').slice(1)}`)
  await t.rejects(backend.read(newer.id), { code: 'SES_BACKEND_UNAVAILABLE' })
  await t.rejects(backend.write(newer.id, record({ id: newer.id }), 0), { code: 'SES_BACKEND_UNAVAILABLE' })
  t.strictSame((await backend.list({ subject: 'alice' })).sessions, [other])
  await t.rejects(backend.removeSubject('alice', {}), { code: 'SES_BACKEND_UNAVAILABLE' })
  t.equal((await backend.read(other.id))?.data, '')
})

t.test('what cannot be read for other reasons is an error, not an absent session', async t => {
  const { backend, record, place, names } = fileBench(t)
  const written = record()
  await backend.write(written.id, written, 0)
  const data = join(place(written.id), names(written.id)[1]!)
  rmSync(data)
  symlinkSync(data, data)
  await t.rejects(backend.read(written.id), { code: 'ELOOP' })
  await t.rejects(backend.list({}), { code: 'ELOOP' })
})

t.test('a session whose index entry cannot be kept is not stored', async t => {
  const { backend, directory, record } = fileBench(t)
  const written = record({ subject: 'alice' })
  const index = new Places(directory, 'session').entries({ kind: 'subject', value: 'alice' })
  mkdirSync(index, { recursive: true })
  symlinkSync('nowhere', join(index, written.id))
  await t.rejects(backend.write(written.id, written, 0), { code: 'SES_BACKEND_UNAVAILABLE' })
  rmSync(index, { recursive: true })
  writeFileSync(index, '')
  await t.rejects(backend.write(written.id, written, 0), { code: 'ENOTDIR' })
  t.equal(await backend.read(written.id), null)
})

t.test('a write takes away what a killed writer of that session left an hour ago, and leaves others alone', async t => {
  const { backend, record, place, names } = fileBench(t)
  const written = record()
  await backend.write(written.id, written, 0)
  for (const name of ['d.old', 'd.young']) writeFileSync(join(place(written.id), name), '')
  utimesSync(join(place(written.id), 'd.old'), OLD_SECONDS, OLD_SECONDS)
  await backend.write(written.id, { ...written, version: 1 }, written.version)
  t.equal(names(written.id).length, 3)
  t.ok(existsSync(join(place(written.id), 'd.young')))
})

t.test('a removal that was cut short is finished by whoever cleans up', async t => {
  const { backend, record, place, names } = fileBench(t)
  const written = record()
  await backend.write(written.id, written, 0)
  rmSync(join(place(written.id), names(written.id)[0]!))
  t.equal(await backend.removeExpired({}), 0)
  t.notOk(existsSync(place(written.id)))
})

t.test('cleaning up takes prepared directories, trash and index entries once they are old, and nothing of others', async t => {
  const { backend, directory, clock, record, place } = fileBench(t)
  const [kept, moved] = [record({ subject: 'alice' }), record({ subject: 'alice', expiresAt: clock.now + 1_000 })]
  for (const given of [kept, moved]) await backend.write(given.id, given, 0)
  await backend.touch(moved.id, { ...moved, expiresAt: clock.now + 100 * LEFTOVER_MS })
  await backend.touch(kept.id, { ...kept, expiresAt: clock.now + 100 * LEFTOVER_MS })
  const gone = record({ subject: 'bob' })
  await backend.write(gone.id, gone, 0)
  rmSync(place(gone.id), { recursive: true })
  const shard = join(place(kept.id), '..')
  for (const name of ['.new-old', '.new-young', '.old-young', 'README']) {
    mkdirSync(join(shard, name))
    writeFileSync(join(shard, name, 'd.x'), '')
  }
  for (const name of ['.new-old', 'README']) utimesSync(join(shard, name), OLD_SECONDS, OLD_SECONDS)
  writeFileSync(join(shard, 'f'.repeat(64)), '')
  mkdirSync(join(directory, '~x', 'y'), { recursive: true })
  const places = new Places(directory, 'session')
  mkdirSync(join(places.index('subject'), '00'), { recursive: true })
  writeFileSync(join(places.index('subject'), '00', 'README'), '')
  symlinkSync('nowhere', join(places.entries({ kind: 'subject', value: 'alice' }), 'e'.repeat(64)))
  await backend.removeExpired({})
  t.strictSame(['.new-old', '.new-young', '.old-young', 'README'].map(name => existsSync(join(shard, name))), [false, true, false, true])
  t.notOk(existsSync(join(directory, '~x')))
  t.ok(existsSync(join(places.entries({ kind: 'subject', value: 'bob' }), gone.id)), 'an entry stays until its time has passed')
  clock.now = gone.expiresAt + LEFTOVER_MS
  await backend.removeExpired({})
  t.notOk(existsSync(places.entries({ kind: 'subject', value: 'bob' })))
  t.equal(await backend.count({ subject: 'alice' }), 2, 'entries of sessions that were renewed stay')
})

t.test('cleaning up where nothing is finds nothing', async t => {
  const { backend } = fileBench(t)
  t.equal(await backend.removeExpired({}), 0)
  t.equal(await backend.removeExpired({ limit: 0 }), 0)
  await backend.removeAll()
  t.strictSame(await backend.list({ subject: 'alice' }), { sessions: [], cursor: null })
})
