import assert from 'node:assert/strict'
import type { Awaitable, ListFilter, ListPage, SessionBackend, SessionRecord } from '../../types/index.d.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
/** A payload of this share of the limit fits: the rest is room for the fields that a backend stores beside the payload. */
export const FITTING_SHARE = 0.95

/** The part of a test runner which the kit calls: the `t` of tap, and the `t` of node:test. */
export interface TestRunner {
  // Each runner hands a context of its own type to the test.
  test (name: string, fn: (t: any) => Promise<void>): unknown
}

/**
 * The promises of a backend. A promise left out is taken from the backend: `atomic` and `selfContained` from the properties, an
 * operation from whether the method is there. A promise given and not kept is a failed test.
 */
export interface Capabilities {
  atomic: boolean
  selfContained: boolean
  /** Texts are bound to the registration's secret and to the cookie's name. @default the value of `selfContained` */
  bound: boolean
  /** Expired records are absent to every method. @default the value of `atomic` */
  expires: boolean
  /** Registrations with different properties never meet in the store. @default whether there is `bind` */
  registrations: boolean
  touch: boolean
  exists: boolean
  list: boolean
  count: boolean
  removeExpired: boolean
  removeAll: boolean
  removeSubject: boolean
  removeLabel: boolean
  /** `list` and `count` take a label. @default whether there is `removeLabel` */
  labels: boolean
  watch: boolean
  /** How many bytes of payload fit; a larger payload is a `SessionTooLargeError`. `0`: no limit, or not known. @default 0 */
  maxDataBytes: number
}

export type Capability = keyof Capabilities

/** The tools of a case: a fresh backend, a clock to move, and records. */
export interface Bench {
  readonly backend: SessionBackend
  readonly clock: { now: number }
  readonly maxDataBytes: number
  /** A record with a new id, not stored yet. Expires in an hour unless `overrides` say otherwise. */
  record (overrides?: Partial<SessionRecord>): SessionRecord
  /** Stores such a record. */
  stored (overrides?: Partial<SessionRecord>): Promise<SessionRecord>
  /** The record under a new version, not stored yet. */
  next (record: SessionRecord, overrides?: Partial<SessionRecord>): SessionRecord
  /** A fresh backend, as bound by a registration with a different secret or cookie name. */
  bind (overrides: { secret?: Buffer, cookieName?: string }): Promise<SessionBackend>
  /** The store of this bench, as bound by a registration with a different property. */
  elsewhere (property: string): Promise<SessionBackend>
}

export interface Case {
  /** A sentence: what a backend does. */
  readonly name: string
  readonly needs: readonly Capability[]
  run (bench: Bench): Promise<void>
}

/** Stores a session for each subject, and then an expired session. Returns the ids of the live sessions. */
export async function fill ({ clock, stored }: Bench, subjects: ReadonlyArray<string | null>): Promise<string[]> {
  const ids: string[] = []
  for (const subject of subjects) ids.push((await stored({ subject })).id)
  await stored({ subject: 'alice', expiresAt: clock.now + MINUTE_MS })
  clock.now += MINUTE_MS
  return ids
}

/** Stores a session for each list of labels. Returns their ids. */
export async function label ({ stored }: Pick<Bench, 'stored'>, lists: ReadonlyArray<readonly string[]>): Promise<string[]> {
  const ids: string[] = []
  for (const labels of lists) ids.push((await stored({ subject: 'alice', meta: { labels } })).id)
  return ids
}

/** The ids on all pages of a listing. */
export async function listAll ({ backend }: Bench, filter: ListFilter): Promise<string[]> {
  const ids: string[] = []
  let wanted: ListFilter | null = filter
  while (wanted !== null) {
    const { sessions, cursor }: ListPage<SessionRecord> = await backend.list!(wanted)
    ids.push(...sessions.map(({ id }) => id))
    wanted = cursor === null ? null : { ...filter, cursor }
  }
  return ids
}

/** Versions with different data, each to follow the same record. */
export function rivalsOf ({ next }: Pick<Bench, 'next'>, record: SessionRecord, count: number): SessionRecord[] {
  return Array.from({ length: count }, (_, n) => next(record, { data: `{"n":${n}}` }))
}

/** Writes all rivals at once. Returns the rivals whose write was answered with success. */
export async function race (backend: SessionBackend, rivals: readonly SessionRecord[], expectedVersion: number): Promise<SessionRecord[]> {
  const answers = await Promise.all(rivals.map(async rival => await backend.write(rival.id, rival, expectedVersion)))
  return rivals.filter(({ id }, n) => answers[n] === id)
}

/** A record as plain data, to compare records of different classes. */
export function plain (record: unknown): unknown {
  return JSON.parse(JSON.stringify(record))
}

/** The store has exactly this record. */
export async function assertReads (backend: SessionBackend, record: SessionRecord): Promise<void> {
  assert.deepEqual(plain(await backend.read(record.id)), plain(record))
}

/** The store has nothing under the id, not even a tombstone. */
export async function assertAbsent (backend: SessionBackend, id: string): Promise<void> {
  assert.equal(await backend.read(id), null)
}

/** The store has nothing under the id, or a tombstone, which refuses a creation that had begun before. */
export async function assertEnded (backend: SessionBackend, id: string): Promise<void> {
  assert.equal((await backend.read(id))?.data ?? '', '', 'a session that was removed is still there')
}

const SIGN_INS = 60

/**
 * Ends the sessions of a key while sign-ins with the key are under way: what was stored before has ended, and what lives can be found.
 *
 * @param filter the key, as a listing takes it
 * @param signedIn what makes the nth session one of the key
 * @returns the ids of the sessions whose writes were answered with success
 */
export async function endBesideSignIns (
  bench: Bench, filter: ListFilter, signedIn: (n: number) => Partial<SessionRecord>, end: () => Awaitable<number>
): Promise<ReadonlySet<string>> {
  const { backend, record } = bench
  const created = new Set<string>()
  const signIns = Array.from({ length: SIGN_INS }, async (_, n) => {
    for (let turns = 0; turns < n % 10; turns++) await new Promise(resolve => { setImmediate(resolve) })
    const written = record(signedIn(n))
    if (await backend.write(written.id, written, 0) === written.id) created.add(written.id)
  })
  await Promise.all(signIns.slice(0, 5))
  const before = [...created]
  await end()
  for (const id of before) await assertEnded(backend, id)
  await Promise.all(signIns)
  const listed = await listAll(bench, filter)
  const [key] = Object.keys(filter)
  for (const id of created) {
    const isAlive = ((await backend.read(id))?.data ?? '') !== ''
    const problem = isAlive ? `a live session cannot be found by its ${key}` : 'a session that has ended is listed'
    assert.equal(listed.includes(id), isAlive, problem)
  }
  return created
}
