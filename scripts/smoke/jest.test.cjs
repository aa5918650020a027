/* global expect, test */
// The package in Jest, whose own `require` cannot load ES modules. Nor can that of Fastify's inject(): the requests here are real.
const fastify = require('fastify')
const sessions = require('fastsessions')
const { FileBackend } = require('fastsessions/file')

test('sessions work in Jest', async () => {
  const app = fastify()
  const schema = { type: 'object', properties: { visits: { type: 'integer' } } }
  await app.register(sessions, { backend: new sessions.MemoryBackend(), cookie: { secure: 'auto' }, schema })
  app.get('/', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return session
  })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const first = await fetch(address)
  const second = await fetch(address, { headers: { cookie: first.headers.get('set-cookie').split(';')[0] } })
  expect(await second.json()).toEqual({ visits: 2 })
  await app.close()
  expect(() => new FileBackend({})).toThrow(sessions.InvalidOptionsError)
})
