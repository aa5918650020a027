// The smallest application with sessions: node examples/quickstart.js
import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import sessions from 'fastsessions'

const app = Fastify()
await app.register(sessions, {
  secret: process.env.SESSION_SECRET ?? randomBytes(32),
  cookie: { secure: 'auto' }
})

app.get('/', async request => {
  request.session.visits = (request.session.visits ?? 0) + 1
  return { visits: request.session.visits }
})

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: 'localhost' }))
