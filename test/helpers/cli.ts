import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../../lib/cli/run.ts'

interface Test { teardown (end: () => unknown): unknown }

const root = fileURLToPath(new URL('../..', import.meta.url))
const exported = (globalThis as { fastsessionsConfigs?: Map<string, unknown> }).fastsessionsConfigs = new Map<string, unknown>()

export interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
  /** The answer of a command that was given `--json`. */
  readonly json: any
}

export interface RunOptions {
  readonly stdin?: string | Iterable<string | Uint8Array>
  readonly env?: Record<string, string>
  readonly signal?: AbortSignal
  readonly isTTY?: boolean
}

/** Runs a command in this process. */
export async function cli (args: readonly string[], { stdin = '', env = {}, signal = new AbortController().signal, isTTY = false }: RunOptions = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const chunks = typeof stdin === 'string' ? [stdin] : stdin
  const status = await run(args, {
    stdin: { isTTY, async * [Symbol.asyncIterator] () { yield * chunks } },
    stdout: { write: (text: string) => { out += text }, isTTY },
    stderr: { write: (text: string) => { err += text }, isTTY },
    env,
    signal
  })
  return { status, out, err, json: args.includes('--json') && out !== '' ? JSON.parse(out) : null }
}

/** A folder of this test alone. */
export function folder (t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'fastsessions-cli-'))
  t.teardown(() => { rmSync(path, { recursive: true, force: true }) })
  return path
}

/** A module whose default export is a value of this process; the path of the module. */
export function configOf (t: Test, value: unknown): string {
  const key = randomBytes(6).toString('hex')
  exported.set(key, value)
  return moduleOf(t, `export default globalThis.fastsessionsConfigs.get('${key}')\n`)
}

/** A module with this text; the path of the module. */
export function moduleOf (t: Test, text: string, name = 'sessions.config.mjs'): string {
  const path = join(folder(t), name)
  writeFileSync(path, text)
  return path
}

/** A module inside the package, which can import `fastsessions`. */
export function moduleInside (t: Test, text: string): string {
  const path = `test/cli/config-${randomBytes(6).toString('hex')}.tmp.mjs`
  writeFileSync(join(root, path), text)
  t.teardown(() => { rmSync(join(root, path), { force: true }) })
  return path
}

/**
 * Runs the program as users do.
 *
 * @param stopAt the output at which Ctrl-C comes
 */
export async function program (
  args: readonly string[], { stdin = '', env = {}, stopAt }: { stdin?: string, env?: Record<string, string>, stopAt?: RegExp } = {}
): Promise<Ran & { signal: string | null }> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['dist/cli.cjs', ...args], { cwd: root, env: { PATH, HOME, ...env } })
  let [out, err] = ['', '']
  const look = (): void => { if (stopAt?.test(out + err) === true) child.kill('SIGINT') }
  child.stdout.on('data', chunk => { out += String(chunk); look() })
  child.stderr.on('data', chunk => { err += String(chunk); look() })
  child.stdin.end(stdin)
  const [status, signal] = await new Promise<[number, string | null]>(resolve => { child.once('close', (code, signal) => { resolve([code!, signal]) }) })
  return { status, signal, out, err, json: args.includes('--json') && out !== '' ? JSON.parse(out) : null }
}

/** One line for people, and no stack. */
export const ONE_LINE = /^fastsessions: [^\n]+\n$/
