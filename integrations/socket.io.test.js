import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { io } from 'socket.io-client'
import { build } from './apps/socket-io.js'

async function open (t) {
  const app = await build()
  t.after(() => app.close())
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const connect = (cookie, transport) => {
    const socket = io(address, { extraHeaders: { cookie }, transports: [transport], reconnection: false, forceNew: true })
    t.after(() => socket.close())
    return socket
  }
  return { app, connect }
}

for (const transport of ['websocket', 'polling']) {
  test(`${transport}: the session comes from the handshake's cookie, and a logout elsewhere ends the socket`, async t => {
    const { app, connect } = await open(t)
    const { id, cookie } = await app.sessions.create({}, { subject: 'ann' })
    const socket = connect(cookie, transport)
    await once(socket, 'connect')
    assert.equal(await socket.emitWithAck('say', 'hello'), 'ann: hello')
    assert.equal((await app.sessions.get(id)).data.last, 'hello')
    await app.sessions.revokeSubject('ann')
    socket.emit('say', 'still there?')
    assert.equal((await once(socket, 'disconnect'))[0], 'io server disconnect')
    assert.equal(await app.sessions.get(id), null)
  })

  test(`${transport}: a stranger and a forged cookie get no socket`, async t => {
    const { connect } = await open(t)
    for (const cookie of ['', `__Host-session=${'A'.repeat(43)}`]) {
      const [error] = await once(connect(cookie, transport), 'connect_error')
      assert.equal(error.message, 'sign in first')
    }
  })
}
