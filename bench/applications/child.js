import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('serve.js', import.meta.url))

/** Starts a copy in a process of its own. AdminJS writes its bundle to where it was started. */
export async function start (folder, settings) {
  const child = fork(program, [join(folder, 'app.js'), JSON.stringify(settings)], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production', ADMIN_JS_SKIP_BUNDLE: 'true', ADMIN_JS_TMP_DIR: '.adminjs' },
    // What a library prints belongs to no table.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  const errors = []
  child.stderr.on('data', chunk => errors.push(chunk))
  const [{ port, error }] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [{}])])
  if (port === undefined) {
    child.kill()
    throw new Error(`${folder} did not start\n${error ?? Buffer.concat(errors)}`)
  }
  return {
    port,
    async cpuMicroseconds () {
      child.send('cpu')
      const [{ cpuMicroseconds }] = await once(child, 'message')
      return cpuMicroseconds
    },
    async stop () {
      if (!child.connected) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    }
  }
}
