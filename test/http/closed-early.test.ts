import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createSite, kinds, type Kind, loose, signedUp } from '../helpers/app.ts'
import { Gate, settled } from '../helpers/gate.ts'

/** A stream that never ends by itself, and tells when it is closed. */
function endless (): { stream: Readable, closed: Promise<unknown> } {
  const stream = new Readable({ read () {} })
  return { stream, closed: once(stream, 'close') }
}

async function portOf (app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** An application whose store waits at the gate, and whose answer is an endless stream. */
async function slow (t: Test, kind: Kind, isHttp2: boolean) {
  const site = await createSite(t, { backend: kind, server: isHttp2 ? { http2: true } as never : {} })
  const gate = new Gate()
  const payload = endless()
  let noteClose!: (isEnded: boolean) => void
  const endedAtClose = new Promise<boolean>(resolve => { noteClose = resolve })
  site.backend.before('write', gate.pass)
  site.app.get('/', async (request, reply) => {
    loose(request)['a'] = 1
    reply.raw.on('close', () => { noteClose(payload.stream.destroyed) })
    return reply.send(payload.stream)
  })
  return { ...site, gate, payload, endedAtClose, port: await portOf(site.app) }
}

function open (t: Test, port: number): ClientHttp2Session {
  const client = connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => { client.destroy() })
  return client
}

for (const kind of kinds) {
  t.test(`${kind}: over HTTP/2, a client that cancels while the session is stored leaves no stream open`, async t => {
    const { gate, endedAtClose, port } = await slow(t, kind, true)
    const request = open(t, port).request({ ':path': '/' })
    request.on('error', () => {})
    request.end()
    await gate.reached
    request.close(constants.NGHTTP2_CANCEL)
    t.ok(await endedAtClose, 'not when the store has answered')
    gate.open()
  })

  t.test(`${kind}: over HTTP/1, too`, async t => {
    const { gate, endedAtClose, port } = await slow(t, kind, false)
    const request = httpRequest({ host: '127.0.0.1', port, agent: false })
    request.on('error', () => {})
    request.end()
    await gate.reached
    request.destroy()
    t.ok(await endedAtClose)
    gate.open()
  })

  for (const isHttp2 of [false, true]) {
    t.test(`${kind}: over HTTP/${isHttp2 ? 2 : 1}, a client that leaves while its session loads ends the wait, and no handler runs`, async t => {
      const site = await createSite(t, { backend: kind, server: isHttp2 ? { http2: true } as never : {} })
      const cookie = await signedUp(site)
      const [gate, ended] = [new Gate(), new Gate()]
      site.backend.before('read', gate.pass)
      let runs = 0
      site.app.setErrorHandler(async error => { ended.open(); return error })
      site.app.get('/', { config: { session: { required: true } } as never }, async () => { runs++ })
      const port = await portOf(site.app)
      const request = isHttp2
        ? open(t, port).request({ ':path': '/', cookie })
        : httpRequest({ host: '127.0.0.1', port, agent: false, headers: { cookie } })
      request.on('error', () => {})
      request.end()
      await gate.reached
      request.destroy()
      await ended.opened
      gate.open()
      await settled()
      t.equal(runs, 0)
    })
  }

  t.test(`${kind}: over HTTP/2, an answer after the end of the connection leaves no stream open, and what was changed is stored`, async t => {
    const site = await createSite(t, { backend: kind, server: { http2: true } as never })
    const [begun, gone, payload] = [new Gate(), new Gate(), endless()]
    site.app.get('/', async (request, reply) => {
      request.raw.on('close', gone.open)
      await begun.pass()
      await gone.pass()
      loose(request)['a'] = 1
      return reply.send(payload.stream)
    })
    const client = open(t, await portOf(site.app))
    client.request({ ':path': '/' }).on('error', () => {}).end()
    await begun.reached
    client.destroy()
    begun.open()
    await payload.closed
    t.strictSame(site.operations(), ['write'])
  })
}
