import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import websocket from '@fastify/websocket'
import { WebSocket } from 'ws'
import { createSite } from './helpers/site.js'

test('an upgrade loads the session, a stranger gets 401 and no socket, and a logout reaches the socket', async t => {
  const app = await createSite(t, { before: app => app.register(websocket) })
  app.get('/chat', { websocket: true, config: { session: { required: 'subject' } } }, (socket, { session }) => {
    socket.on('message', async text => {
      try {
        await session.reload()
      } catch {
        return socket.close(4401)
      }
      session.last = String(text)
      await session.save()
      socket.send(session.subject)
    })
  })
  const address = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
  const { id, cookie } = await app.sessions.create({}, { subject: 'ann' })

  const [, refusal] = await once(new WebSocket(`${address}/chat`), 'unexpected-response')
  assert.equal(refusal.statusCode, 401)
  refusal.destroy()

  const socket = new WebSocket(`${address}/chat`, { headers: { cookie } })
  await once(socket, 'open')
  socket.send('hello')
  assert.equal(String((await once(socket, 'message'))[0]), 'ann')
  assert.equal((await app.sessions.get(id)).data.last, 'hello')
  await app.sessions.revokeSubject('ann')
  socket.send('still there?')
  assert.equal((await once(socket, 'close'))[0], 4401)
})
