import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '../test/helpers/compiled.ts'
import { advance } from './rolling.ts'
import { type Ready, serve, type ServerOptions } from './serve.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** A server under stress. */
export interface Server {
  readonly ready: Ready
  /** Why the server ended before `stop()`; `null` while the server runs. */
  readonly crash: string | null
  /** Moves the server's clock: its time is that of the machine plus this offset. */
  setOffset (offsetMs: number): Promise<void>
  /** Deploys step two of a move to the server, where its store is one. */
  advance (): Promise<void>
  stop (): Promise<void>
}

class ServerProcess implements Server {
  readonly ready: Ready
  crash: string | null = null
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #isStopping = false

  constructor (child: ChildProcess, ready: Ready) {
    this.#child = child
    this.ready = ready
    this.#ended = new Promise(resolve => {
      child.once('exit', (code, signal) => {
        if (!this.#isStopping) this.crash = `a server process ended with ${signal ?? code}`
        resolve()
      })
    })
  }

  async setOffset (offsetMs: number): Promise<void> { await this.#tell({ offsetMs }) }

  async advance (): Promise<void> { await this.#tell({ step: 2 }) }

  async #tell (message: object): Promise<void> {
    if (this.crash !== null) return
    this.#child.send(message)
    await Promise.race([once(this.#child, 'message'), this.#ended])
  }

  async stop (): Promise<void> {
    this.#isStopping = true
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

/** Starts a server in a process of its own. */
export async function startServer (options: ServerOptions): Promise<Server> {
  program ??= compileServer()
  const child = fork(program, [JSON.stringify(options)], { cwd: ROOT, execArgv: [], env: withoutTestRunner() })
  const [ready] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => { throw new Error(`a server process for ${options.store} did not start`) })
  ])
  return new ServerProcess(child, ready as Ready)
}

/** The compiled program of a server: a process that is started again and again must not compile at each start. */
let program: string | undefined

function compileServer (): string {
  mkdirSync(join(ROOT, '.tap'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.tap', 'stress-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })
  return compile('stress/server.ts', folder)
}

/** Starts a server in this process, for a store that exists in this process only. */
export async function startHere (options: ServerOptions): Promise<Server> {
  let offsetMs = 0
  const { app, ready } = await serve(options, () => Date.now() + offsetMs)
  return {
    ready,
    crash: null,
    async setOffset (ms) { offsetMs = ms },
    async advance () { advance() },
    stop: () => app.close()
  }
}

// The test runner would measure the coverage of each process.
function withoutTestRunner (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:_?TAP|NODE_OPTIONS)/.test(name)))
}
