/*
 * Sessions in files where the file system refuses to write. This program runs in a process of its own, which a test may start
 * with a small disk or with few rights. The result is printed as JSON.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { FileBackend } from '../../lib/file.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { newRecord } from './records.ts'
import { HOUR_MS } from './times.ts'

const UNPRIVILEGED = 65_534
const MOST_WRITES = 2_000

const { task, directory } = JSON.parse(process.argv[2]!) as { task: 'fill' | 'prepare' | 'unwritable' | 'readOnly', directory: string }
const backend = new FileBackend({ directory })
const now = Date.now()

function record (n: number, version: number, chars: number): SessionRecord {
  const id = n.toString(16).padStart(64, '0')
  const data = JSON.stringify('x'.repeat(chars))
  return newRecord({ id, version, data, subject: 'alice' }, now)
}

async function codeOf (promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!
  }
}

/** Fills the disk, then looks whether all earlier sessions are still there. */
async function fill (): Promise<object> {
  await backend.prepare()
  const first = record(0, 1, 100)
  await backend.write(first.id, first, 0)
  let stored = 0
  let creating = 'none'
  for (let n = 1; n < MOST_WRITES && creating === 'none'; n++) {
    // Sessions grow, so that a limit for the size of a file is met as well as the end of the disk.
    const given = record(n, 1, n * 100)
    creating = await codeOf(backend.write(given.id, given, 0))
    if (creating === 'none') stored++
  }
  const updating = await codeOf(Promise.resolve(backend.write(first.id, record(0, 2, 200_000), 1)))
  const read = await backend.read(first.id)
  const isIntact = JSON.stringify(read) === JSON.stringify(first)
  const { sessions, cursor } = await backend.list({ limit: MOST_WRITES })
  const halfWritten = filesOfData() - sessions.length
  const kept = stored - await backend.removeSubject('alice', { except: first.id })
  await backend.removeAll()
  await backend.close()
  const again = await codeOf(backend.write(first.id, first, 0))
  return { creating, updating, isIntact, lost: stored + 1 - sessions.length, cursor, halfWritten, kept, again }
}

function filesOfData (): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(path => /^(?:d\.|\.new-)/.test(basename(path))).length
}

async function prepare (): Promise<object> {
  return { preparing: await codeOf(backend.prepare()) }
}

/** Works as a user without rights, on a directory that a privileged user has filled. */
async function unwritable (): Promise<object> {
  if (process.getuid!() === 0) process.setuid!(UNPRIVILEGED)
  const first = record(0, 1, 100)
  const preparing = await codeOf(backend.prepare())
  const creating = await codeOf(backend.write(record(1, 1, 100).id, record(1, 1, 100), 0))
  const updating = await codeOf(backend.write(first.id, record(0, 2, 100), 1))
  const touching = await codeOf(backend.touch(first.id, { ...first, expiresAt: now + 2 * HOUR_MS }))
  const removing = await codeOf(backend.remove(first.id))
  return { preparing, creating, updating, touching, removing }
}

/** Works in a directory that has become read-only, or has no more inodes, after the start. */
async function readOnly (): Promise<object> {
  const first = record(0, 1, 100)
  await backend.write(first.id, first, 0)
  execFileSync('sh', ['-c', process.argv[3]!, directory])
  const creating = await codeOf(backend.write(record(1, 1, 100).id, record(1, 1, 100), 0))
  const far = { ...record(2, 1, 100), id: 'f'.repeat(64), subject: 'bob' }
  const creatingElsewhere = await codeOf(backend.write(far.id, far, 0))
  const revoking = await codeOf(backend.removeSubject('alice', {}))
  return { creating, creatingElsewhere, revoking }
}

console.log(JSON.stringify(await { fill, prepare, unwritable, readOnly }[task]()))
