import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import httpProxy from '@fastify/http-proxy'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { WebSocket } from 'ws'
import { addAccount, Browser, createSite, kinds, setCookies } from './helpers/site.js'

const BODY = 'a long page '.repeat(20_000)

/** A service with cookies of its own, which tells what it was sent. */
async function upstream (t) {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(websocket)
  app.get('/page', async (request, reply) => {
    reply.header('set-cookie', ['theme=dark; Path=/', 'lang=en; Path=/'])
    reply.header('x-cookie', request.headers.cookie ?? '')
    reply.header('vary', 'Accept-Language')
    return await reply.send(BODY)
  })
  app.get('/socket', { websocket: true }, socket => { socket.send('hello') })
  return await app.listen({ port: 0, host: '127.0.0.1' })
}

async function proxySite (t, options) {
  const target = await upstream(t)
  const app = await createSite(t, options)
  await addAccount(app)
  await app.register(httpProxy, {
    upstream: target,
    prefix: '/service',
    websocket: true,
    config: { session: { required: 'subject' } },
    preHandler: async ({ session }) => { session.pages = (session.pages ?? 0) + 1 },
    replyOptions: { rewriteRequestHeaders: (request, { cookie, ...headers }) => headers }
  })
  return app
}

for (const kind of kinds) {
  test(`${kind}: our cookie goes out once beside those of the upstream, and the body is whole`, async t => {
    const app = await proxySite(t, { kind, cookie: { persistent: true }, renewAfter: 0 })
    const browser = new Browser(app)
    await browser.post('/sign-in/ann')
    const answer = await browser.get('/service/page')
    assert.equal(answer.body, BODY)
    assert.deepEqual(setCookies(answer).map(line => line.split('=')[0]).sort(), ['__Host-session', 'lang', 'theme'])
    assert.deepEqual(answer.headers.vary.split(/, */).sort(), ['Accept-Language', 'Cookie'])
    assert.equal(answer.headers['x-cookie'], '', 'rewriteRequestHeaders keeps our cookie from the upstream')
  })

  test(`${kind}: a stranger is refused before the upstream is asked, also with an upgrade`, async t => {
    const app = await proxySite(t, { kind })
    assert.equal((await app.inject('/service/page')).statusCode, 401)
    const address = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
    const [, refusal] = await once(new WebSocket(`${address}/service/socket`), 'unexpected-response')
    assert.equal(refusal.statusCode, 401)
    refusal.destroy()
    const browser = new Browser(app)
    await browser.post('/sign-in/ann')
    const socket = new WebSocket(`${address}/service/socket`, { headers: { cookie: browser.header } })
    assert.equal(String((await once(socket, 'message'))[0]), 'hello')
    socket.close()
    await once(socket, 'close')
  })
}
