import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { FileBackend, type FileBackendOptions } from '../../lib/file.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { newRecord } from './records.ts'
import { START } from './times.ts'

/** Sessions in files, with a clock that a test moves, and the lines that were logged. */
export function fileBench (t: Test, options: Partial<FileBackendOptions> = {}) {
  const directory = join(t.testdir({}), 'sessions')
  const clock = { now: START }
  const logged: object[] = []
  const log = { warn: (given: object) => { logged.push(given) }, debug () {} }
  const bind = (property = 'session', now = () => clock.now) =>
    new FileBackend({ directory, ...options }).bind({ property, now, log } as never)
  const record = (overrides: Partial<SessionRecord> = {}): SessionRecord => newRecord({ data: '{}', ...overrides }, clock.now)
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
    /** All paths below the directory. */
    all: () => readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  }
}
