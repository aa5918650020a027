// A server of our own: on a free port, in a folder that goes with it, never outliving whoever started it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LEASH = fileURLToPath(new URL('leash.js', import.meta.url))
const READY_WITHIN_MS = 60_000
const POLL_MS = 20
const TRIES = 3
/** Redis Cluster adds 10,000 for its bus; systems hand out ports above 32,767 to clients. */
const PORTS = { first: 12_000, count: 10_000, bus: 10_000 }

// Databases refuse to run as root.
const NOBODY = 65_534
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/** A folder that the server may write to. */
export function newFolder () {
  const folder = mkdtempSync(join(tmpdir(), 'fastsessions-server-'))
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  return folder
}

/** Runs a program to its end, as the server would run. */
export async function run (command, args, folder) {
  const child = spawn(command, args, { cwd: folder, ...user, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { output += chunk })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${output}`)
}

export async function freePort () {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count)
    if (await isFree(port) && await isFree(port + PORTS.bus)) return port
  }
}

/**
 * Starts what a recipe describes: `{ name, url, port, folder, command, args, ready? }`, where `ready` is what the log
 * says when it is. Another process may take the port in between, so it is tried again.
 */
export async function startThrowAway (makeRecipe) {
  for (let attempt = 1; ; attempt++) {
    const server = new ThrowAwayServer(await makeRecipe())
    try {
      await server.start()
      return server
    } catch (error) {
      await server.stop()
      if (attempt === TRIES) throw error
    }
  }
}

/** `kill` ends the process, `start` begins it again with what it stored, `stop` is the end of it and its folder. */
class ThrowAwayServer {
  #recipe
  #leash
  #answers
  #pid
  #hasExited = Promise.resolve()

  constructor (recipe) {
    this.#recipe = recipe
    const { command, args, folder } = recipe
    const leash = spawn(process.execPath, [LEASH, JSON.stringify({ command, args, folder, ...user })], { stdio: ['pipe', 'pipe', 'inherit'] })
    // It keeps nobody alive.
    for (const handle of [leash, leash.stdin, leash.stdout]) handle.unref()
    this.#leash = leash
    this.#answers = createInterface({ input: leash.stdout })
  }

  get url () { return this.#recipe.url }
  get port () { return this.#recipe.port }
  get folder () { return this.#recipe.folder }
  get pid () { return this.#pid }

  async start () {
    await this.#awake(() => this.#start())
  }

  async #start () {
    const { name, port, ready = /(?:)/ } = this.#recipe
    const logged = this.#log().length
    const started = this.#answer('pid')
    this.#leash.stdin.write('start\n')
    this.#pid = await started
    let isOver = false
    this.#hasExited = this.#answer('exit').then(() => { isOver = true })
    const deadline = Date.now() + READY_WITHIN_MS
    while (!ready.test(this.#log().slice(logged)) || !await isListening(port)) {
      if (isOver || Date.now() > deadline) throw new Error(`${name} did not start:\n${this.#log().slice(-2_000)}`)
      await sleep(POLL_MS)
    }
  }

  async kill (signal = 'SIGKILL') {
    process.kill(this.#pid, signal)
    await this.#awake(() => this.#hasExited)
  }

  freeze () { this.#signal('SIGSTOP') }
  thaw () { this.#signal('SIGCONT') }

  // PostgreSQL has a process for each connection.
  #signal (signal) {
    process.kill(this.#pid, signal)
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(this.#pid)], { encoding: 'utf8' })
    for (const pid of (stdout ?? '').split('\n').map(Number).filter(pid => pid > 0)) {
      try {
        process.kill(pid, signal)
      } catch {} // It has ended meanwhile.
    }
  }

  async stop () {
    if (this.#leash.exitCode !== null) return
    this.#leash.ref()
    const ended = once(this.#leash, 'exit')
    this.#leash.stdin.end()
    await ended
  }

  // Waiting for an answer keeps the process alive; having a server does not.
  async #awake (wait) {
    this.#leash.stdout.ref()
    try {
      return await wait()
    } finally {
      this.#leash.stdout.unref()
    }
  }

  #answer (key) {
    return new Promise(resolve => {
      const listen = line => {
        const answer = JSON.parse(line)
        if (!(key in answer)) return
        this.#answers.off('line', listen)
        resolve(answer[key])
      }
      this.#answers.on('line', listen)
    })
  }

  #log () {
    const path = join(this.#recipe.folder, 'log')
    return existsSync(path) && statSync(path).size > 0 ? readFileSync(path, 'latin1') : ''
  }
}

async function isFree (port) {
  const probe = createServer()
  const isListening = await new Promise(resolve => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => resolve(true))
  })
  await new Promise(resolve => { probe.close(resolve) })
  return isListening
}

async function isListening (port) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
