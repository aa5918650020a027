import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Test } from 'tap'

const root = new URL('../../', import.meta.url)

/** Starts a program of the repository on a free port until the end of the test, and resolves to the address. */
export async function start (t: Test, file: string, env: Record<string, string> = {}): Promise<string> {
  if (!existsSync(new URL('dist/index.js', root))) throw new Error('dist is missing: run npm run build')
  const child = spawn(process.execPath, [file], {
    cwd: root, env: { ...cleanEnv(), PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = new Promise<void>(resolve => { child.once('exit', () => { resolve() }) })
  t.teardown(async () => {
    child.kill()
    await ended
  })
  return await new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', chunk => {
      output += String(chunk)
      const address = /http:\/\/\S+(?=\s)/.exec(output)?.[0]
      if (address !== undefined) resolve(address)
    })
    child.once('exit', () => { reject(new Error(`${file} ended without an address: ${output}`)) })
  })
}

/**
 * Runs a program to its end; the output is that of stdout and stderr.
 *
 * @param stopAt the output at which the program is asked to stop, as Ctrl-C does
 */
export async function runToEnd (
  file: string, args: readonly string[], env: Record<string, string> = {}, stopAt?: RegExp
): Promise<{ code: number | null, output: string }> {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root, env: { ...cleanEnv(), ...env }, stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += String(chunk)
      if (stopAt?.test(output) === true) child.kill('SIGINT')
    })
  }
  const code = await new Promise<number | null>(resolve => { child.once('close', resolve) })
  return { code, output }
}

// Without the variables of the test runner, so that a program runs as a user runs it.
function cleanEnv (): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME }
}

/** A browser that talks to a server by `fetch`, keeps cookies and follows redirects. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #address: string

  constructor (address: string) {
    this.#address = address
  }

  get cookie (): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async get (path: string): Promise<{ status: number, text: string }> {
    return await this.#go('GET', path)
  }

  async post (path: string, form: Record<string, string> = {}): Promise<{ status: number, text: string }> {
    return await this.#go('POST', path, new URLSearchParams(form))
  }

  async #go (method: string, path: string, body?: URLSearchParams): Promise<{ status: number, text: string }> {
    const response = await fetch(new URL(path, this.#address), {
      method, redirect: 'manual', headers: { cookie: this.cookie, origin: new URL(this.#address).origin }, ...(body && { body })
    })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    const location = response.headers.get('location')
    if (location !== null) return await this.#go('GET', location)
    return { status: response.status, text: await response.text() }
  }

  #keep (line: string): void {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
    if (/max-age=0/i.test(line)) this.cookies.delete(name!)
    else this.cookies.set(name!, value!)
  }
}
