import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { provide } from '../../scripts/servers/index.js'
import { ownServer, type ServerName, sharedServer } from '../helpers/servers.ts'

const NAMES: readonly ServerName[] = ['redis', 'memcached', 'postgres', 'mysql']

async function isListening (url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

t.test('every server that tests need is there, and the same one for everybody who asks', async t => {
  for (const name of NAMES) {
    const url = await sharedServer(name)
    t.equal(await isListening(url), true, name)
    t.equal(await sharedServer(name), url)
  }
})

t.test('a server of one test can be killed and started again on its port, and ends with the test', async t => {
  let url = ''
  await t.test('in a test', async t => {
    const server = await ownServer(t, 'redis')
    url = server.url
    t.equal(await isListening(url), true)
    await server.kill()
    t.equal(await isListening(url), false)
    await server.start()
    t.equal(await isListening(url), true)
  })
  t.equal(await isListening(url), false)
})

t.test('whoever started a server may be killed: nothing stays, neither a process nor a folder', async t => {
  const servers = fileURLToPath(new URL('../../scripts/servers/index.js', import.meta.url))
  const program = `
    import { startServer } from ${JSON.stringify(servers)}
    const { url, folder } = await startServer('redis')
    console.log(JSON.stringify({ url, folder }))
    setInterval(() => {}, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const { url, folder } = JSON.parse(String(line))
  t.equal(await isListening(url), true)
  child.kill('SIGKILL')
  // The folder is removed last. The time limit of the test ends a wait without end.
  while (existsSync(folder)) await new Promise(resolve => { setImmediate(resolve) })
  t.equal(await isListening(url), false)
})

t.test('what is missing is installed where that can be done', async t => {
  const installed: string[] = []
  const machine = { find: () => installed.length > 0 ? '/usr/bin/it' : undefined, install: (packages: string[]) => { installed.push(...packages) } }
  provide(['redis', 'mysql'], () => {}, machine)
  t.strictSame(installed, ['redis-server', 'mariadb-server'])
  provide(['redis'], () => {}, machine)
  t.equal(installed.length, 2, 'and not again')
})

t.test('what is missing and cannot be installed is one message that says what to do', async t => {
  t.throws(() => provide(['memcached', 'postgres'], () => {}, { find: () => undefined, install: null }), {
    message: /not installed here: memcached, postgres\. .*apt-get install memcached postgresql\), or name running ones with MEMCACHED_URL, POSTGRES_URL/
  })
})
