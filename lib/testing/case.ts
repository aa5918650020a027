import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'

const MINUTE_MS = 60_000

/** What the kit needs of a test runner: tap and node:test have it. */
export interface TestRunner {
  // Each runner hands in a context of its own.
  test (name: string, fn: (t: any) => Promise<void>): unknown
}

/**
 * What a backend promises, as data. Each is taken from the backend itself where it is not given; a promise that is given
 * and that the backend does not make is a failed test.
 */
export interface Capabilities {
  atomic: boolean
  selfContained: boolean
  /** Expired records are absent to every method. @default what `atomic` is */
  expires: boolean
  touch: boolean
  exists: boolean
  list: boolean
  count: boolean
  removeExpired: boolean
  removeAll: boolean
  removeSubject: boolean
  /** How many bytes of payload fit; more is a `SessionTooLargeError`. `0`: not limited, or not known. @default 0 */
  maxDataBytes: number
}

export type Capability = keyof Capabilities

/** What a case works with: a fresh backend, a clock it can move, and records made to measure. */
export interface Bench {
  readonly backend: SessionBackend
  readonly clock: { now: number }
  readonly maxDataBytes: number
  /** A record of a new id that expires in an hour. */
  record (overrides?: Partial<SessionRecord>): SessionRecord
  /** A later version of a record. */
  next (record: SessionRecord, overrides?: Partial<SessionRecord>): SessionRecord
  /** A fresh backend as another registration would use it. */
  bind (overrides: { secret?: Buffer, cookieName?: string }): Promise<SessionBackend>
  /** This same store as a registration with another property uses it. */
  elsewhere (property: string): Promise<SessionBackend>
}

export interface Case {
  /** A sentence: what a backend does. */
  readonly name: string
  readonly needs: readonly Capability[]
  run (bench: Bench): Promise<void>
}

/** Stores sessions of these subjects, and one that has expired by the time this returns. */
export async function fill ({ backend, clock, record }: Bench, subjects: ReadonlyArray<string | null>): Promise<string[]> {
  const ids: string[] = []
  for (const subject of subjects) {
    const written = record({ subject })
    await backend.write(written.id, written, 0)
    ids.push(written.id)
  }
  const dead = record({ subject: 'alice', expiresAt: clock.now + MINUTE_MS })
  await backend.write(dead.id, dead, 0)
  clock.now += MINUTE_MS
  return ids
}

export async function listAll ({ backend }: Bench, filter: { subject?: string, limit?: number }): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page: { sessions: Array<{ id: string }>, cursor: string | null } = await backend.list!({ ...filter, ...(cursor === null ? {} : { cursor }) })
    ids.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== null)
  return ids
}

/** For comparing records whatever class they are of. */
export function plain (record: unknown): unknown {
  return JSON.parse(JSON.stringify(record))
}
