import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'

export async function build () {
  const app = Fastify({ trustProxy: 'loopback' })
  await app.register(sessions, { backend: new MemoryBackend(), cookie: { secure: 'auto' } })
  app.post('/api/sign-in/:name', async request => { await request.session.login(request.params.name) })
  app.get('/api/me', { config: { session: { required: 'subject' } } }, async request => request.session.subject)
  return app
}

/** What vite.config.js says: the browser talks to Vite only, and Vite hands `/api` on. */
export const viteConfig = api => ({
  server: {
    proxy: { '/api': { target: api, xfwd: true } }
  }
})
