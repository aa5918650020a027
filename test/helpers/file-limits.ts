/*
 * Sessions in files where the file system refuses: run as a process of its own, which may be poor in disk or in rights.
 * Prints what happened as JSON.
 */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { FileBackend } from '../../lib/file.ts'
import type { SessionRecord } from '../../types/index.d.ts'

const UNPRIVILEGED = 65_534
const HOUR_MS = 3_600_000
const MOST_WRITES = 2_000

const { task, directory } = JSON.parse(process.argv[2]!) as { task: 'fill' | 'prepare' | 'unwritable', directory: string }
const backend = new FileBackend({ directory })
const now = Date.now()

function record (n: number, version: number, chars: number): SessionRecord {
  const id = n.toString(16).padStart(64, '0')
  return { id, version, data: JSON.stringify('x'.repeat(chars)), schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + HOUR_MS, subject: 'alice', policy: null }
}

async function codeOf (promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!
  }
}

/** Fills the disk, then looks whether what was stored before is all there. */
async function fill (): Promise<object> {
  await backend.prepare()
  const first = record(0, 1, 100)
  await backend.write(first.id, first, 0)
  let stored = 0
  let creating = 'none'
  for (let n = 1; n < MOST_WRITES && creating === 'none'; n++) {
    // Each larger than the one before, for a disk that is bounded by file.
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

/** A user without rights, on a directory that another user filled. */
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

console.log(JSON.stringify(await { fill, prepare, unwritable }[task]()))
