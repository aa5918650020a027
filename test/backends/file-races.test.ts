import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { FileCatalog } from '../../lib/backends/file/catalog.ts'
import { Disk, prepareDirectory } from '../../lib/backends/file/disk.ts'
import { LEFTOVER_MS } from '../../lib/backends/file/leftovers.ts'
import { Places } from '../../lib/backends/file/names.ts'
import { SessionIndex } from '../../lib/backends/file/session-index.ts'
import { FileSessions } from '../../lib/backends/file/sessions.ts'
import { Writer } from '../../lib/backends/file/writer.ts'
import { fileBench } from '../helpers/file-bench.ts'

/** Calls back after a writer has written its data, and before the writer's deciding step. */
class PausedDisk extends Disk {
  onData: (path: string) => unknown = () => {}

  onBegin: () => void = () => {}

  override async writeNew (path: string, content: Buffer): Promise<void> {
    const { onBegin } = this
    this.onBegin = () => {}
    onBegin()
    await super.writeNew(path, content)
    if (content.length === 0) return
    const { onData } = this
    this.onData = () => {}
    await onData(path)
  }
}

/** A process whose writes can be stopped halfway, and a backend that stands for a second process. */
function bench (t: Test) {
  const files = fileBench(t)
  const disk = new PausedDisk(false)
  const places = new Places(files.directory, 'session')
  const paused = new FileSessions(places, new Writer(places, disk, new SessionIndex(places, disk, () => files.clock.now)), () => files.clock.now, () => {})
  return { ...files, disk, paused }
}

t.test('revoking a subject refuses a creation that has begun in another process', async t => {
  const { disk, paused, backend, record } = bench(t)
  const written = record({ subject: 'alice' })
  disk.onData = async () => { t.equal(await backend.removeSubject('alice', {}), 0) }
  t.match(await paused.write(written.id, written, 0), { data: '' })
  t.equal((await backend.read(written.id))?.data, '')
  t.equal(await backend.count({ subject: 'alice' }), 0)
})

t.test('removing all refuses a creation that has begun, and one that must store stores it anew', async t => {
  const { disk, paused, backend, record } = bench(t)
  const [written, forced] = [record({ subject: 'alice' }), record({ subject: 'alice' })]
  disk.onData = () => backend.removeAll()
  t.equal(await paused.write(written.id, written, 0), null)
  t.equal(await backend.read(written.id), null)
  disk.onData = () => backend.removeAll()
  t.equal(await paused.write(forced.id, forced), forced.id)
  t.equal(await backend.count({ subject: 'alice' }), 1, 'and its subject is known')
  await backend.close()
})

t.test('removing a session, or all, refuses a change that has begun and leaves nothing behind', async t => {
  for (const remove of ['remove', 'removeAll'] as const) {
    const { disk, paused, backend, record, all } = bench(t)
    const written = record()
    await backend.write(written.id, written, 0)
    disk.onData = () => backend[remove](written.id)
    t.equal(await paused.write(written.id, { ...written, version: 1 }, written.version), null)
    await backend.close()
    t.notOk(all().some(path => path.includes(written.id)))
  }
})

t.test('a change that has begun is refused where another one was faster', async t => {
  const { disk, paused, backend, record, names } = bench(t)
  const written = record()
  const faster = { ...written, version: 2 }
  await backend.write(written.id, written, 0)
  disk.onData = () => backend.write(written.id, faster, written.version)
  t.strictSame(await paused.write(written.id, { ...written, version: 1 }, written.version), faster)
  t.equal(names(written.id).length, 2)
})

t.test('a renewal meanwhile does not refuse a change, nor a change the renewal', async t => {
  const { disk, paused, backend, record } = bench(t)
  const written = record()
  const changed = { ...written, version: 1, data: '{"changed":true}' }
  await backend.write(written.id, written, 0)
  disk.onData = () => backend.touch(written.id, { ...written, expiresAt: written.expiresAt + 5 })
  t.equal(await paused.write(written.id, changed, written.version), written.id)
  t.strictSame(await backend.read(written.id), changed)
})

t.test('one write that is sent twice at once is stored once', async t => {
  const { disk, paused, backend, record, names } = bench(t)
  const written = record()
  disk.onData = async () => { t.equal(await backend.write(written.id, written, 0), written.id) }
  t.equal(await paused.write(written.id, written, 0), written.id)
  const changed = { ...written, version: 1 }
  disk.onData = async () => { t.equal(await backend.write(written.id, changed, written.version), written.id) }
  t.equal(await paused.write(written.id, changed, written.version), written.id)
  t.equal(names(written.id).length, 2)
})

t.test('a repeated write that lands by another way while it looks is done, not refused', async t => {
  const { disk, bind, backend, record, directory, clock, place } = bench(t)
  const [before, mine] = [record(), record()]
  await backend.write(mine.id, { ...before, id: mine.id }, 0)
  await bind('elsewhere').write(mine.id, mine, 0)
  const landed = place(mine.id).replace('/session/', '/elsewhere/')
  let looks = 0
  const now = () => {
    if (looks++ === 0) {
      rmSync(place(mine.id), { recursive: true })
      renameSync(landed, place(mine.id))
    }
    return clock.now
  }
  const places = new Places(directory, 'session')
  const sessions = new FileSessions(places, new Writer(places, disk, new SessionIndex(places, disk, now)), now, () => {})
  t.equal(await sessions.write(mine.id, mine, 0), mine.id)
})

t.test('a process that stood still until its data were taken for a killed one\'s writes them again', async t => {
  const { disk, paused, backend, record } = bench(t)
  const written = record()
  const changed = { ...written, version: 1 }
  await backend.write(written.id, written, 0)
  const wake = Date.now() + LEFTOVER_MS
  disk.onData = path => {
    rmSync(path)
    mock.method(Date, 'now', () => wake)
  }
  t.equal(await paused.write(written.id, changed, written.version), written.id)
  mock.restoreAll()
  t.strictSame(await backend.read(written.id), changed)
})

t.test('a change whose session\'s directory vanishes under it is refused', async t => {
  const { paused, backend, disk, record, place } = bench(t)
  const written = record()
  await backend.write(written.id, written, 0)
  const vanish = () => { rmSync(place(written.id), { recursive: true }) }
  disk.onData = vanish
  t.equal(await paused.write(written.id, { ...written, version: 1 }, written.version), null)
  await backend.write(written.id, written, 0)
  disk.onBegin = vanish
  t.equal(await paused.write(written.id, { ...written, version: 1 }, written.version), null)
})

/** Lets the next write fail as on a full disk. */
function noSpace (): never { throw Object.assign(new Error('no space'), { code: 'ENOSPC' }) }

t.test('a write that the disk refuses changes nothing and leaves nothing behind', async t => {
  const { disk, paused, backend, record, names, all } = bench(t)
  const [written, other] = [record(), record()]
  await backend.write(written.id, written, 0)
  disk.onData = noSpace
  await t.rejects(paused.write(written.id, { ...written, version: 1 }, written.version), { code: 'ENOSPC' })
  t.strictSame(await backend.read(written.id), written)
  t.equal(names(written.id).length, 2)
  disk.onData = noSpace
  await t.rejects(paused.write(other.id, other, 0), { code: 'ENOSPC' })
  disk.onBegin = noSpace
  await t.rejects(paused.write(other.id, { ...other, subject: 'alice' }, 0), { code: 'ENOSPC' })
  t.notOk(all().some(path => path.includes(other.id) || path.includes('.new-')))
})

t.test('revoking ends a session without a tombstone where the disk has no room for one', async t => {
  const { disk, paused, backend, record, clock, directory } = bench(t)
  const places = new Places(directory, 'session')
  const catalog = new FileCatalog(places, paused, new SessionIndex(places, disk, () => clock.now), () => clock.now)
  const written = record({ subject: 'alice' })
  await backend.write(written.id, written, 0)
  disk.onData = noSpace
  t.equal(await catalog.end({ kind: 'subject', value: 'alice' }, {}), 1)
  t.equal(await backend.read(written.id), null)
  const young = record({ subject: 'alice' })
  await backend.write(young.id, young, 0)
  rmSync(places.session(young.id), { recursive: true })
  disk.onData = noSpace
  await t.rejects(catalog.end({ kind: 'subject', value: 'alice' }, {}), { code: 'ENOSPC' }, 'where none is yet, only a tombstone would do')
})

t.test('a disk that is full at the start is waited for', async t => {
  const { disk, directory } = bench(t)
  disk.onData = noSpace
  await t.rejects(prepareDirectory(new Places(directory, 'session'), disk), { code: 'SES_BACKEND_UNAVAILABLE', detail: /ENOSPC/ })
})

t.test('renewals at once are all done, one after the other', async t => {
  const { backend, record, names } = bench(t)
  const written = record()
  await backend.write(written.id, written, 0)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => backend.touch(written.id, { ...written, expiresAt: written.expiresAt + n + 1 })))
  t.ok(answers.every(Boolean))
  t.ok((await backend.read(written.id))!.expiresAt > written.expiresAt)
  t.equal(names(written.id).length, 2)
})

t.test('a write that never gets its turn is given up', async t => {
  const { directory, clock, record } = bench(t)
  const writer = { store: async () => 'again' } as unknown as Writer
  const written = record()
  const sessions = new FileSessions(new Places(directory, 'session'), writer, () => clock.now, () => {})
  await t.rejects(async () => await sessions.write(written.id, written, 0), { code: 'SES_BACKEND_UNAVAILABLE' })
})

t.test('many change, renew, read and remove one session at once, and what they are told is true', async t => {
  const { bind, clock, record, names } = fileBench(t)
  const [one, two] = [bind(), bind()]
  for (let round = 0; round < 40; round++) {
    const written = record()
    const id = written.id
    await one.write(id, written, 0)
    const [isStored, , read, , forced] = await Promise.all([
      one.write(id, { ...written, version: 1 }, written.version), two.touch(id, { ...written, expiresAt: clock.now + 9 }),
      two.read(id), one.exists(id), two.write(id, { ...written, version: 2 }),
      ...Array.from({ length: 20 }, (_, n) => one.write(id, { ...written, version: 10 + n }))
    ])
    t.ok(read !== null && forced === id)
    t.ok(isStored === id || isStored !== null)
    t.equal(names(id).length, 2)
    await Promise.all([one.remove(id), two.remove(id), one.write(id, { ...written, version: 3 }, 2), one.touch(id, written), two.read(id)])
    t.equal(await one.read(id), null)
  }
})

t.test('a session that is renewed while expired ones are removed stays', async t => {
  const { bind, clock, record } = fileBench(t)
  // Two machines whose clocks differ: by the first clock the session has expired, by the second clock it has not.
  const [ahead, behind] = [bind('session', () => clock.now + 10), bind()]
  let kept = 0
  for (let round = 0; round < 200; round++) {
    const written = record({ expiresAt: clock.now + 5 })
    await behind.write(written.id, written, 0)
    const renew = round % 2 === 0
      ? () => behind.touch(written.id, { ...written, expiresAt: clock.now + 1_000 })
      : async () => await behind.write(written.id, { ...written, version: 1, expiresAt: clock.now + 1_000 }, written.version) === written.id
    const [isRenewed] = await Promise.all([new Promise(resolve => { setImmediate(resolve) }).then(renew), ahead.removeExpired({})])
    t.equal(await ahead.read(written.id) !== null, isRenewed)
    if (isRenewed) kept++
    await behind.remove(written.id)
  }
  t.comment(`${kept} of 200 were renewed in time`)
})

t.test('one shard that cannot be read does not keep the others from being cleaned', async t => {
  const { backend, directory, clock, record } = fileBench(t)
  const dead = ['00', 'ff'].map(start => record({ id: start.padEnd(64, '0'), expiresAt: clock.now + 1 }))
  for (const given of dead) await backend.write(given.id, given, 0)
  clock.now += 1
  rmSync(`${directory}/session/00`, { recursive: true })
  writeFileSync(`${directory}/session/00`, '')
  await t.rejects(backend.removeExpired({}), { code: 'ENOTDIR' })
  await t.rejects(backend.removeExpired({}), { code: 'ENOTDIR' })
  t.strictSame(readdirSync(`${directory}/session/ff`), [])
})
