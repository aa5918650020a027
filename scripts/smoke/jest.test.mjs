/* global expect, test */
// The package in Jest, with ES modules.
import fastify from 'fastify'
import sessions, { InvalidOptionsError, MemoryBackend } from 'fastsessions'
import { FileBackend } from 'fastsessions/file'

test('sessions work in Jest with ES modules', async () => {
  const app = fastify()
  await app.register(sessions, { backend: new MemoryBackend(), cookie: { secure: 'auto' } })
  await app.ready()
  expect((await app.sessions.create({ visits: 1 })).cookie).toMatch(/\bsession=/)
  await app.close()
  expect(() => new FileBackend({})).toThrow(InvalidOptionsError)
})
