// Which requests load their session, which keep it alive, which need one: node examples/route-autoload.js
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'

const app = Fastify()
await app.register(sessions, {
  backend: new MemoryBackend(),
  cookie: { secure: 'auto' },
  // Pages under /app have their session loaded; everything else loads it by hand, or not at all.
  autoload: '/app/*'
})

app.get('/app/sign-in', async request => {
  await request.session.login('alice')
  return { signedInAs: request.session.subject }
})

// 401 without a session that is signed in.
app.get('/app/account', { config: { session: { required: 'subject' } } }, async request => ({ account: request.session.subject }))

// Asked every few seconds by a page: must not keep the session alive.
app.get('/app/poll', { config: { session: { passive: true } } }, async request => ({ signedIn: request.session.subject !== null }))

// Loads it only where it is needed.
app.get('/search', async request => {
  if (request.query.mine === undefined) return { results: 'of everybody' }
  await request.session.load()
  return { results: `of ${request.session.subject ?? 'nobody'}` }
})

// No session at all: no read, no write, no cookie.
app.get('/health', { config: { session: false } }, async () => ({ ok: true }))

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: 'localhost' }))
