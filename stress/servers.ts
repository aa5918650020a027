import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Ready, serve, type ServerOptions } from './serve.ts'

/** What node needs to run these files as they are. */
const TYPESCRIPT = '@tapjs/typescript/import'
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What answers requests. */
export interface Server {
  readonly ready: Ready
  /** Why it ended, when nobody told it to. */
  readonly crash: string | null
  /** Moves its clock. */
  setOffset (offsetMs: number): Promise<void>
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

  async setOffset (offsetMs: number): Promise<void> {
    if (this.crash !== null) return
    this.#child.send({ offsetMs })
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
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [JSON.stringify(options)], {
    cwd: ROOT,
    execArgv: [`--import=${TYPESCRIPT}`, '--enable-source-maps'],
    env: { ...withoutTestRunner(), TS_NODE_TRANSPILE_ONLY: '1' }
  })
  const [ready] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => { throw new Error(`a server process for ${options.store} did not start`) })
  ])
  return new ServerProcess(child, ready as Ready)
}

/** Starts one in this process: for a store that only one process has. */
export async function startHere (options: ServerOptions): Promise<Server> {
  let offsetMs = 0
  const { app, ready } = await serve(options, () => Date.now() + offsetMs)
  return {
    ready,
    crash: null,
    async setOffset (ms) { offsetMs = ms },
    stop: () => app.close()
  }
}

// It would measure the coverage of each process.
function withoutTestRunner (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:_?TAP|NODE_OPTIONS)/.test(name)))
}
