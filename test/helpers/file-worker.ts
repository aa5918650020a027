/*
 * A process that writes sessions in files until it is killed, or has done what it was told. Before and after each
 * operation it says so in a file, which a kill does not take back.
 */
import { openSync, writeSync } from 'node:fs'
import { FileBackend } from '../../lib/file.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { seededRandom } from './seeded-random.ts'

export interface WorkerOptions {
  readonly directory: string
  readonly log: string
  readonly seed: number
  /** The sessions it changes, with others. */
  readonly ids: readonly string[]
  /** Increments that must succeed before it ends; else it ends with the kill. */
  readonly increments?: number
}

const LANES = 8
const HOUR_MS = 3_600_000

const { directory, log, seed, ids, increments = Infinity } = JSON.parse(process.argv[2]!) as WorkerOptions
const backend = new FileBackend({ directory })
const random = seededRandom(seed)
const file = openSync(log, 'a')
const say = (...words: unknown[]): void => { writeSync(file, `${words.join(' ')}\n`) }
const pick = (count: number): number => Math.floor(random() * count)
const newVersion = (): number => 1 + pick(2 ** 47)
let left = increments

/** Each write leaves its version in the data: a lost or repeated one shows. */
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
  // A request that still holds the session must not bring it back.
  if (await backend.write(id, next(stands), stands.version) === id) say('revived', id)
}

async function create (): Promise<void> {
  const id = Array.from({ length: 64 }, () => pick(16).toString(16)).join('')
  const version = newVersion()
  const now = Date.now()
  const record = { id, version, data: JSON.stringify([version]), schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + HOUR_MS, subject: 'alice', policy: null }
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
