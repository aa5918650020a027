import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import { Server } from 'socket.io'

export async function build () {
  const app = Fastify()
  await app.register(sessions, { backend: new MemoryBackend() })
  const io = new Server(app.server)
  app.addHook('preClose', () => io.close())

  io.use(async (socket, next) => {
    const session = await app.sessions.open(socket.handshake.headers.cookie)
    if (session.subject === null) return next(new Error('sign in first'))
    socket.data.session = session
    next()
  })

  io.on('connection', socket => {
    const { session } = socket.data
    socket.use(async (event, next) => {
      try {
        // Sees what other requests have stored, and whether the user has signed out.
        await session.reload()
        next()
      } catch {
        socket.disconnect()
      }
    })
    socket.on('say', async (text, answer) => {
      session.last = text
      await session.save()
      answer(`${session.subject}: ${text}`)
    })
  })
  return app
}
