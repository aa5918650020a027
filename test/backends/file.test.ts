import { existsSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { mock } from 'node:test'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { FileBackend, type FileBackendOptions } from '../../lib/file.ts'
import { testBackend } from '../../lib/testing/index.ts'
import { fileBench } from '../helpers/file-bench.ts'

for (const durable of [false, true]) {
  t.test(`the file backend keeps every promise of a backend${durable ? ', also when it waits for the disk' : ''}`, async t => {
    let directories = 0
    const root = t.testdir({})
    await testBackend(t, () => new FileBackend({ directory: `${root}/${directories++}`, durable }))
  })
}

t.test('a session is a directory with its data and a pointer whose name says what counts', async t => {
  const { backend, record, names, all } = fileBench(t)
  const written = record({ id: 'ab'.repeat(32), version: 40, expiresAt: 1_900_000_000_000, lastAccessedAt: 1_800_000_000_000 })
  await backend.write(written.id, written, 0)
  t.match(names(written.id), [/^cur\.0000000014\.0o8uixyps\.0mywpiww0\.[0-9a-z]+\.[0-9a-z]+$/, /^d\.[0-9a-z]+$/])
  t.ok(all().includes(join('session', 'ab', written.id)))
})

t.test('only this user may read them', async t => {
  const { backend, directory, record, place, all } = fileBench(t)
  const written = record({ subject: 'alice' })
  await backend.prepare()
  await backend.write(written.id, written, 0)
  for (const path of ['', ...all()]) {
    const stats = statSync(join(directory, path))
    t.equal(stats.mode & 0o777, stats.isDirectory() ? 0o700 : 0o600, path)
  }
  t.ok(existsSync(place(written.id)))
})

t.test('no id but a hash ever becomes a path', async t => {
  const { backend, directory, record, all } = fileBench(t)
  await backend.prepare()
  const before = all()
  writeFileSync(join(directory, 'secret'), '')
  for (const id of ['../../secret', '..', '', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(64)}/`, `${'a'.repeat(64)}\n`, `../${'a'.repeat(64)}`, null, 5, ['a'.repeat(64)]] as string[]) {
    t.equal(await backend.read(id), null)
    t.equal(await backend.write(id, record({ id })), null)
    t.equal(await backend.touch(id, record({ id })), false)
    t.equal(await backend.exists(id), false)
    await backend.remove(id)
  }
  t.strictSame(all(), [...before, 'secret'].sort())
})

t.test('subjects and properties become no paths either', async t => {
  const { directory, bind, record, all } = fileBench(t)
  for (const property of ['../up', 'Session', 'session.', '', 'x'.repeat(300), 'ü/\0']) {
    const backend = bind(property)
    const written = record({ subject: '../../../etc/passwd\0' })
    await backend.write(written.id, written, 0)
    t.strictSame((await backend.list({ subject: written.subject! })).sessions, [written])
  }
  const roots = new Set(all().map(path => path.split('/')[0]!))
  t.equal(roots.size, 6)
  for (const root of roots) t.match(root, /^[a-z0-9_%.-]+$/)
  t.notOk(existsSync(join(dirname(directory), 'up')))
})

t.test('registrations with different properties do not see each other', async t => {
  const { bind, record } = fileBench(t)
  const [one, two] = [bind('one'), bind('two')]
  const written = record({ subject: 'ada' })
  await one.write(written.id, written, 0)
  t.equal(await two.read(written.id), null)
  t.equal(await two.count({}), 0)
  t.equal(await two.removeSubject('ada', {}), 0)
  await two.removeAll()
  t.strictSame((await bind('one').list({})).sessions, [written])
})

t.test('it works unbound too, by the clock of the system', async t => {
  const { directory, record } = fileBench(t)
  const backend = new FileBackend({ directory })
  const live = record({ expiresAt: Date.now() + 60_000 })
  const dead = record({ expiresAt: Date.now() - 1 })
  for (const given of [live, dead]) await backend.write(given.id, given)
  t.strictSame((await backend.list({})).sessions, [live])
  await backend.close()
})

t.test('a relative directory stays where it was when the backend was made', async t => {
  const { directory, record } = fileBench(t)
  const before = process.cwd()
  process.chdir(dirname(directory))
  const backend = new FileBackend({ directory: basename(directory) })
  process.chdir(before)
  const written = record()
  await backend.write(written.id, written, 0)
  t.ok(existsSync(join(directory, 'session')))
})

t.test('with durable, a write has been handed to the disk when it returns: data first, then the names', async t => {
  const synced = async (durable: boolean): Promise<string[]> => {
    const { directory, backend, record } = fileBench(t, { durable })
    await backend.prepare()
    const handle = await open(directory)
    const kinds: string[] = []
    const prototype = Object.getPrototypeOf(handle)
    const sync = prototype.sync
    mock.method(prototype, 'sync', async function (this: typeof handle) {
      kinds.push((await this.stat()).isDirectory() ? 'directory' : 'file')
      await sync.call(this)
    })
    await handle.close()
    const written = record()
    await backend.write(written.id, written, 0)
    kinds.push('update')
    await backend.write(written.id, { ...written, version: 1 }, written.version)
    kinds.push('remove')
    await backend.remove(written.id)
    mock.restoreAll()
    return kinds
  }
  t.strictSame(await synced(true), ['directory', 'file', 'file', 'directory', 'directory', 'update', 'file', 'directory', 'remove', 'directory'])
  t.strictSame(await synced(false), ['update', 'remove'])
})

t.test('expired sessions are removed now and then, if wished', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const { backend, clock, record, all } = fileBench(t, { sweepEvery: '1m' })
  await backend.prepare()
  const written = record({ expiresAt: clock.now + 1 })
  await backend.write(written.id, written, 0)
  clock.now += 1
  mock.timers.tick(90_000)
  await backend.close()
  t.notOk(all().some(path => path.includes(written.id)))
})

t.test('a limited sweep stops within a directory, and the next one goes on there', async t => {
  const { backend, clock, record } = fileBench(t)
  for (const n of [1, 2, 3]) {
    const expiring = record({ id: `ab${String(n).padStart(62, '0')}`, expiresAt: clock.now + 1 })
    await backend.write(expiring.id, expiring, 0)
  }
  clock.now += 1
  t.strictSame([await backend.removeExpired({ limit: 2 }), await backend.removeExpired({ limit: 2 })], [2, 1])
  await backend.close()
})

t.test('20,000 sessions are listed, counted and removed', { timeout: 240_000 }, async t => {
  const { backend, clock, record } = fileBench(t)
  const ids: string[] = []
  for (let n = 0; n < 20_000; n += 100) {
    const batch = Array.from({ length: 100 }, (_, i) => record({ subject: n === 0 && i < 50 ? 'alice' : null, ...(i < 10 && { expiresAt: clock.now + 1 }) }))
    await Promise.all(batch.map(given => backend.write(given.id, given, 0)))
    ids.push(...batch.slice(10).map(({ id }) => id))
  }
  clock.now += 1
  t.equal(await backend.count({}), 18_000)
  t.equal(await backend.count({ subject: 'alice' }), 40)
  const listed: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Awaited<ReturnType<FileBackend['list']>> = await backend.list({ limit: 5_000, cursor })
    listed.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor
  }
  t.strictSame(listed, ids.sort())
  t.equal(await backend.removeExpired({ limit: 1_500 }), 1_500)
  t.equal(await backend.removeExpired({}), 500)
  await backend.removeAll()
  t.equal(await backend.count({}), 0)
  await backend.close()
})

for (const [options, message] of [
  [undefined, 'Expected `FileBackend` to be an object with directory, got undefined'],
  [{}, 'Expected `FileBackend` to be an object with directory, got an object of Object'],
  [{ directory: '' }, 'Expected `FileBackend.directory` to be the path of a directory, got "" (string)'],
  [{ directory: 'a\0b' }, 'Expected `FileBackend.directory` to be the path of a directory, got "a\\u0000b" (string)'],
  [{ directory: 'x', durable: 1 }, 'Expected `FileBackend.durable` to be true or false, got 1 (number)'],
  [{ directory: 'x', sweepEvery: 'often' }, /^Expected `sweepEvery` to be a duration/],
  [{ directory: 'x', sweepEvery: null }, 'Expected `FileBackend.sweepEvery` to be a duration, got null'],
  [{ directory: 'x', durible: true }, 'Unknown option `FileBackend.durible`; the nearest known one is `FileBackend.durable`']
] as const) {
  t.test(`${JSON.stringify(options)} is refused`, async t => {
    t.throws(() => new FileBackend(options as unknown as FileBackendOptions), { code: 'SES_INVALID_OPTIONS', message })
  })
}

t.test('a directory that is a file, or below one, stops the start', async t => {
  const folder = t.testdir({ file: '' })
  for (const directory of [join(folder, 'file'), join(folder, 'file', 'below')]) {
    await t.rejects(new FileBackend({ directory }).prepare(), {
      code: 'SES_INVALID_OPTIONS',
      message: `Expected \`FileBackend.directory\` to be a directory that this process can write to, got ${JSON.stringify(directory.slice(0, 60))} (string); ${directory} failed with ENOTDIR; create the directory, owned by the user that runs the application`
    })
  }
})
