// What the browsers talk to: the demo, and small applications.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import sessions from '../dist/index.js'
import { closeLater } from './closing.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const SECRET = 'a secret for tests in real browsers, of more than 32 bytes'

/** Starts the demo on a free port, and resolves to its address. */
export async function startDemo (BACKEND) {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, ['examples/app/server.js'], { cwd: root, env: { PATH, HOME, PORT: '0', BACKEND }, stdio: ['ignore', 'pipe', 'inherit'] })
  closeLater(async () => {
    child.kill()
    if (child.exitCode === null) await once(child, 'exit')
  })
  for await (const chunk of child.stdout) {
    const address = /http:\/\/\S+/.exec(String(chunk))?.[0]
    if (address !== undefined) return address
  }
  throw new Error('the demo ended without an address')
}

/**
 * Starts an application with sessions on a free port.
 *
 * @param routes adds routes; what they return is shown as text
 * @returns its port; `localhost` and `127.0.0.1` are two sites of one server
 */
export async function startApp (options, routes) {
  // Browsers ask for an icon, and hold connections open.
  const app = Fastify({ forceCloseConnections: true })
  if (options !== null) await app.register(sessions, { secret: SECRET, ...options })
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })
  routes(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  closeLater(() => app.close())
  return app.server.address().port
}
