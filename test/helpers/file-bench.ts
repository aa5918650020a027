import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { randomBytes, randomVersion } from '../../lib/crypto/random.ts'
import { FileBackend, type FileBackendOptions } from '../../lib/file.ts'
import type { SessionRecord } from '../../types/index.d.ts'

const START = Date.UTC(2027, 2, 1)
const HOUR_MS = 3_600_000

/** Sessions in files with a clock that moves when told to, and what was logged. */
export function fileBench (t: Test, options: Partial<FileBackendOptions> = {}) {
  const directory = join(t.testdir({}), 'sessions')
  const clock = { now: START }
  const logged: object[] = []
  const log = { warn: (given: object) => { logged.push(given) }, debug () {} }
  const bind = (property = 'session', now = () => clock.now) => new FileBackend({ directory, ...options }).bind({ property, now, log } as never)
  const record = (overrides: Partial<SessionRecord> = {}): SessionRecord => ({
    id: randomBytes(32).toString('hex'),
    version: randomVersion(),
    data: '{}',
    schemaVersion: 1,
    createdAt: clock.now,
    lastAccessedAt: clock.now,
    expiresAt: clock.now + HOUR_MS,
    subject: null,
    policy: null,
    ...overrides
  })
  const place = (id: string) => join(directory, 'session', id.slice(0, 2), id)
  return {
    directory,
    clock,
    logged,
    bind,
    backend: bind(),
    record,
    place,
    names: (id: string) => readdirSync(place(id)).sort(),
    /** Everything below the directory, as paths. */
    all: () => readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  }
}
