/*
 * A process that writes sessions in files until the process is killed, or has made the wanted number of increments. Before and
 * after each operation the process writes a line to a log file, which a kill does not take back.
 */
import { openSync, writeSync } from 'node:fs'
import { FileBackend } from '../../lib/file.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { seededRandom } from './seeded-random.ts'
import { newRecord } from './records.ts'

export interface WorkerOptions {
  readonly directory: string
  readonly log: string
  readonly seed: number
  /** The sessions that all workers change. */
  readonly ids: readonly string[]
  /** After so many successful increments the process ends. Default: only a kill ends the process. */
  readonly increments?: number
}

const LANES = 8

const { directory, log, seed, ids, increments = Infinity } = JSON.parse(process.argv[2]!) as WorkerOptions
const backend = new FileBackend({ directory })
const random = seededRandom(seed)
const file = openSync(log, 'a')
const say = (...words: unknown[]): void => { writeSync(file, `${words.join(' ')}\n`) }
const pick = (count: number): number => Math.floor(random() * count)
const newVersion = (): number => 1 + pick(2 ** 47)
let left = increments

/** The next record of a session. Each write adds its version to the data, so that a lost or repeated write shows. */
function next (record: SessionRecord): SessionRecord {
  const version = newVersion()
  return { ...record, version, data: JSON.stringify([...JSON.parse(record.data) as number[], version]) }
}

async function increment (id: string, stands: SessionRecord): Promise<void> {
  const mine = next(stands)
  say('write', id, mine.version)
  const isStored = await backend.write(id, mine, stands.version) === id
  say(isStored ? 'written' : 'refused', id, mine.version)
  if (isStored) left--
}

async function end (id: string, stands: SessionRecord): Promise<void> {
  say('end', id)
  if (pick(2) === 0) await backend.remove(id)
  else if (await backend.write(id, { ...stands, version: newVersion(), expiresAt: 0 }, stands.version) !== id) return
  say('ended', id)
  // A request that still holds the ended session must not bring the session back.
  if (await backend.write(id, next(stands), stands.version) === id) say('revived', id)
}

async function create (): Promise<void> {
  const id = Array.from({ length: 64 }, () => pick(16).toString(16)).join('')
  const version = newVersion()
  const data = JSON.stringify([version])
  const record = newRecord({ id, version, data, subject: 'alice', meta: { labels: ['x', `${pick(9)}`] } })
  say('write', id, version)
  if (await backend.write(id, record, 0) === id) say('written', id, version)
}

async function work (): Promise<void> {
  while (left > 0) {
    const id = ids[pick(ids.length)]!
    const stands = await backend.read(id)
    const dice = pick(100)
    if (stands === null) await create()
    else if (increments === Infinity && dice < 1) await end(id, stands)
    else if (dice < 10) await create()
    else if (dice < 30) await backend.touch(id, { ...stands, expiresAt: stands.expiresAt + 1 })
    else await increment(id, stands)
  }
}

say('ready')
await Promise.all(Array.from({ length: LANES }, work))
say('done')
