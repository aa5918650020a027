import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import session from 'express-session'
import { payloadFor } from './on-fastify.js'

/** In its own world, since it needs Express. The same routes as on Fastify. */
export async function create () {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(session({ name: 'session', secret: randomBytes(32).toString('base64url'), cookie: { secure: false, sameSite: 'lax' }, resave: false, saveUninitialized: false, rolling: false }))
  let n = 0
  const route = (path, handle) => app.get(path, (request, response) => { response.type('text').send(handle(request) ?? 'ok') })
  route('/untouched', () => {})
  route('/read', ({ session }) => session.user.name)
  route('/write', ({ session }) => { session.n = ++n })
  route('/login/:bytes', ({ session, params }) => { Object.assign(session, payloadFor(params.bytes)) })
  route('/own/:key/:value', ({ session, params }) => { session[params.key] = params.value })
  route('/value/:key', ({ session, params }) => JSON.stringify(session[params.key] ?? null))
  route('/all', ({ session: { cookie, n, ...values } }) => JSON.stringify(values))
  const server = createServer(app)
  return {
    server,
    async listen () {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    },
    close: () => new Promise(resolve => { server.close(resolve) })
  }
}
