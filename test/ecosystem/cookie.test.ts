import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import t from 'tap'
import { MemoryBackend, sessions } from '../../lib/index.ts'

t.test('@fastify/cookie of the application, registered before, is the one that is used', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(cookie, { secret: 'its own option' })
  app.register(sessions, { backend: new MemoryBackend() })
  app.get('/', async (request, reply) => {
    request.session.set('a', 1)
    reply.setCookie('theme', 'dark', { signed: true })
    return 'ok'
  })
  t.match((await app.inject('/')).headers['set-cookie'], [/^theme=dark\./, /^__Host-session=/])
})

t.test('registered afterwards, @fastify/cookie throws the error that the README names', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sessions, { backend: new MemoryBackend() })
  // Called by hand, since Fastify lets the exception end the process.
  t.throws(() => { cookie(app, {}, () => {}) }, {
    code: 'FST_ERR_DEC_ALREADY_PRESENT', message: 'The decorator \'serializeCookie\' has already been added!'
  })
})
