// One server of a kind for all processes of a test run, started when the first of them asks. They ask over a socket.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, urlFromEnvironment } from './index.js'

/** Where processes of this run ask. */
const VARIABLE = 'FASTSESSIONS_SERVERS'
const own = new Map()

/** Answers until `stop` is called, which ends all the servers. Sets the variable for child processes. */
export async function shareServers () {
  const folder = mkdtempSync(join(tmpdir(), 'fastsessions-share-'))
  const path = join(folder, 'socket')
  const started = new Map()
  const share = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', async chunk => {
      const name = String(chunk)
      if (!started.has(name)) started.set(name, startServer(name))
      const answer = await started.get(name).then(({ url }) => ({ url }), error => ({ error: error.message }))
      socket.end(JSON.stringify(answer))
    })
  })
  await new Promise(resolve => { share.listen(path, resolve) })
  process.env[VARIABLE] = path
  return async function stop () {
    await new Promise(resolve => { share.close(resolve) })
    await Promise.all([...started.values()].map(starting => starting.then(server => server.stop(), () => {})))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The URL of the server that everybody shares: one that the environment names, that of the run, or one of this process. */
export async function sharedServer (name) {
  const running = urlFromEnvironment(name)
  if (running !== undefined) return running
  if (process.env[VARIABLE] !== undefined) return await ask(process.env[VARIABLE], name)
  if (!own.has(name)) own.set(name, startServer(name))
  return (await own.get(name)).url
}

function ask (path, name) {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let text = ''
    socket.on('connect', () => { socket.write(name) })
    socket.on('data', chunk => { text += chunk })
    socket.on('error', reject)
    socket.on('end', () => {
      const { url, error } = JSON.parse(text)
      if (error === undefined) resolve(url)
      else reject(new Error(error))
    })
  })
}
