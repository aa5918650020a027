import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import t from 'tap'
import { WebSocket } from 'ws'
import { backends, bench, type BenchOptions } from '../helpers/session-bench.ts'

async function talk (site: Awaited<ReturnType<typeof bench>>, cookie: string): Promise<any> {
  const { port } = site.app.server.address() as AddressInfo
  const socket = new WebSocket(`ws://localhost:${port}/socket`, { headers: { cookie } })
  const [message] = await once(socket, 'message')
  socket.close()
  await once(socket, 'close')
  return JSON.parse(String(message))
}

/** A site with a socket that answers with what `answer` makes of the request. */
async function socketSite (t: any, options: BenchOptions, answer: (request: any, app: any) => unknown) {
  const site = await bench(t, {
    ...options,
    setup: async app => {
      await app.register(websocket)
      app.get('/socket', { websocket: true }, async (socket, request) => {
        socket.send(JSON.stringify(await answer(request, app)))
      })
    }
  })
  await site.app.listen({ port: 0 })
  return site
}

for (const [name, create] of backends) {
  t.test(`@fastify/websocket with the ${name} backend`, async t => {
    t.test('a socket reads the session of its upgrade', async t => {
      const site = await socketSite(t, { backend: create() }, ({ session }) => [session.subject, session.data()])
      const { cookie } = await site.app.sessions.create({ a: 1 } as never, { subject: 'ann' })
      t.strictSame(await talk(site, cookie), ['ann', { a: 1 }])
    })

    t.test('app.sessions.open() reads it too', async t => {
      const site = await socketSite(t, { backend: create() }, async (request, app) => (await app.sessions.open(request.headers.cookie)).data())
      const { cookie } = await site.app.sessions.create({ a: 1 } as never)
      t.strictSame(await talk(site, cookie), { a: 1 })
    })

    t.test('what needs a new cookie is refused', async t => {
      const site = await socketSite(t, { backend: create() }, async ({ session }) => {
        session.b = 2
        const codes: string[] = []
        for (const operation of ['regenerateId', 'login']) await session[operation]('ann').catch((error: any) => codes.push(error.code))
        return codes
      })
      const { cookie } = await site.app.sessions.create({ a: 1 } as never)
      t.strictSame(await talk(site, cookie), ['SES_NOT_SUPPORTED', 'SES_NOT_SUPPORTED'])
      t.strictSame(await talk(site, ''), ['SES_NOT_SUPPORTED', 'SES_NOT_SUPPORTED'])
    })
  })
}

t.test('a socket of a server-side session can save it', async t => {
  const [, create] = backends[1]!
  const site = await socketSite(t, { backend: create() }, async ({ session }) => {
    session.b = 2
    await session.save()
    return session.data()
  })
  const { id, cookie } = await site.app.sessions.create({ a: 1 } as never)
  await talk(site, cookie)
  t.strictSame((await site.app.sessions.get(id))?.data, { a: 1, b: 2 })
})
