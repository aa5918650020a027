import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A session that a library for Python made: test/fixtures/python-sessions.json. */
export interface PythonSession {
  library: string
  mode?: string
  secret: string
  encryption: 'none' | 'fernet' | 'aes-gcm'
  key: string | null
  lifetime: number
  data: Record<string, unknown>
  header: string
  value: string
  id: string
}

interface StoredFile { case: string, expiresAt: number | null, data: object | null, filler: number | null, value: string }

interface Fixture {
  t: number
  sessions: PythonSession[]
  litestarFiles: { id: string, name: string, files: StoredFile[] }
  legacy: any
}

export const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/python-sessions.json', import.meta.url), 'utf8'))
/** When the sessions of the fixture were made. */
export const MADE_AT = fixture.t * 1_000

/** The sessions of a library, by the start of its name. */
export function madeBy (library: string, mode?: string): PythonSession[] {
  return fixture.sessions.filter(made => made.library.startsWith(library) && made.mode === mode)
}

/**
 * What a program for Python prints as JSON; the reason where Python or one of the modules is not installed.
 *
 * @param modules what it imports beside Python's own modules
 */
export function python (modules: readonly string[], program: string): { result: any } | { missing: string } {
  const test = spawnSync('python3', ['-c', `import ${modules.join(', ')}`], { encoding: 'utf8' })
  if (test.status !== 0) return { missing: test.error?.message ?? test.stderr.trim().split('\n').at(-1)! }
  const { status, stdout, stderr } = spawnSync('python3', ['-W', 'ignore', '-c', program], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return { result: JSON.parse(stdout) }
}
