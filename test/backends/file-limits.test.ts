import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Disk } from '../../lib/backends/file/disk.ts'
import { Places } from '../../lib/backends/file/names.ts'
import { FileBackend } from '../../lib/file.ts'
import { compile, plainNode } from '../helpers/compiled.ts'
import { newRecord } from '../helpers/records.ts'

/** A directory that every user may reach, and the program that works in the directory. */
function bench (t: Test) {
  const program = compile('test/helpers/file-limits.ts', t.testdir({}))
  const directory = mkdtempSync(join(tmpdir(), 'fastsessions-'))
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  chmodSync(directory, 0o755)
  const node = (task: string): [string, ...string[]] => [...plainNode, program, JSON.stringify({ task, directory })]
  return { directory, node }
}

function run (command: string, ...args: readonly string[]): any {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' }))
}

/** For a separate mount namespace, where the super-user may mount a small disk that other processes do not see. */
const MOUNT = 'mount -t tmpfs -o size=200k,nr_inodes=200 tmpfs "$0" && exec "$@"'

function canMount (): boolean {
  try {
    execFileSync('unshare', ['--mount', 'sh', '-c', MOUNT, tmpdir(), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

t.test('on a full disk a write fails, and what was stored stands', async t => {
  const { directory, node } = bench(t)
  const ways: Array<[code: string, command: string, args: string[]]> = [['EFBIG', 'sh', ['-c', 'ulimit -f 16 && exec "$@"', 'sh', ...node('fill')]]]
  if (canMount()) ways.push(['ENOSPC', 'unshare', ['--mount', 'sh', '-c', MOUNT, directory, ...node('fill')]])
  for (const [code, command, args] of ways) {
    t.strictSame(run(command, ...args), { creating: code, updating: code, isIntact: true, lost: 0, cursor: null, halfWritten: 0, kept: 0, again: 'none' })
  }
})

t.test('a file system that has become read-only, or has no inodes left, is named, and is no conflict', { skip: !canMount() }, async t => {
  const { directory, node } = bench(t)
  const roomy = MOUNT.replace('nr_inodes=200', 'nr_inodes=100')
  const causes: Array<[code: string, command: string, revoking: string]> = [
    ['EROFS', 'mount -o remount,ro "$0"', 'EROFS'],
    // Ending a session needs no inode of its own.
    ['ENOSPC', 'cd "$0"; for n in $(seq 200); do mkdir "x$n" || exit 0; done 2> /dev/null', 'none']
  ]
  for (const [code, command, revoking] of causes) {
    const found = run('unshare', '--mount', 'sh', '-c', roomy, directory, ...node('readOnly'), command)
    t.strictSame(found, { creating: code, creatingElsewhere: code, revoking })
  }
})

t.test('a path through a link that leads nowhere, or through a file, is an error and no conflict', async t => {
  for (const block of [(path: string) => { symlinkSync('nowhere', path) }, (path: string) => { writeFileSync(path, '') }]) {
    const directory = t.testdir({})
    const backend = new FileBackend({ directory: join(directory, 'sessions') })
    const places = new Places(join(directory, 'sessions'), 'session')
    const record = newRecord({ subject: 'alice' })
    await backend.prepare()
    block(places.shard(record.id))
    await t.rejects(backend.write(record.id, record, 0), { code: 'ENOTDIR' })
    rmSync(places.shard(record.id))
    block(places.index('subject'))
    await t.rejects(backend.write(record.id, record, 0), { code: 'ENOTDIR' })
    rmSync(directory, { recursive: true })
    block(directory)
    await t.rejects(backend.prepare(), { code: 'SES_INVALID_OPTIONS' })
    rmSync(directory)
  }
})

t.test('a path whose parents vanish again and again is given up', async t => {
  const directory = t.testdir({})
  class Vanishing extends Disk {
    override async makeDirectory (path: string): Promise<void> {
      if (path.endsWith('child')) throw Object.assign(new Error('no parent'), { code: 'ENOENT' })
      await super.makeDirectory(path)
    }
  }
  await t.rejects(new Vanishing(false).makePath(join(directory, 'child')), { code: 'SES_BACKEND_UNAVAILABLE' })
})

t.test('a directory that may not be written to stops the start', async t => {
  const { directory, node } = bench(t)
  chmodSync(directory, 0o555)
  t.equal(run(...node('unwritable')).preparing, 'SES_INVALID_OPTIONS')
})

t.test('when it may not be written to any more, each write says so', async t => {
  const { directory, node } = bench(t)
  const backend = new FileBackend({ directory })
  await backend.prepare()
  const now = Date.now()
  const id = '0'.repeat(64)
  await backend.write(id, { id, version: 1, data: '{}', schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + 60_000, subject: null, policy: null, meta: null }, 0)
  for (const path of [directory, join(directory, 'session'), join(directory, 'session/00'), join(directory, 'session/00', id)]) chmodSync(path, 0o555)
  const { preparing, ...found } = run(...node('unwritable'))
  t.equal(preparing, 'SES_INVALID_OPTIONS')
  t.strictSame(found, { creating: 'EACCES', updating: 'EACCES', touching: 'EACCES', removing: 'EACCES' })
})

t.test('a full disk at the start is a reason to wait, not to stop', async t => {
  const { node } = bench(t)
  t.equal(run('sh', '-c', 'ulimit -f 0 && exec "$@"', 'sh', ...node('prepare')).preparing, 'SES_BACKEND_UNAVAILABLE')
})
