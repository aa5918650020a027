import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import t from 'tap'
import { WebSocket } from 'ws'
import { createSite, kinds, type Site, type SiteOptions } from '../helpers/app.ts'

async function talk ({ app }: Pick<Site, 'app'>, cookie: string): Promise<any> {
  const { port } = app.server.address() as AddressInfo
  const socket = new WebSocket(`ws://localhost:${port}/socket`, { headers: { cookie } })
  const [message] = await once(socket, 'message')
  socket.close()
  await once(socket, 'close')
  return JSON.parse(String(message))
}

/** A site with a socket that sends the result of `answer`. */
async function socketSite (t: any, options: SiteOptions, answer: (request: any, app: any) => unknown) {
  const site = await createSite(t, options)
  const { app } = site
  await app.register(websocket)
  app.get('/socket', { websocket: true }, async (socket, request) => {
    socket.send(JSON.stringify(await answer(request, app)))
  })
  await app.listen({ port: 0 })
  return site
}

for (const kind of kinds) {
  t.test(`@fastify/websocket with the ${kind} backend`, async t => {
    t.test('a socket reads the session of its upgrade', async t => {
      const site = await socketSite(t, { backend: kind }, ({ session }) => [session.subject, session.data()])
      const { cookie } = await site.app.sessions.create({ a: 1 } as never, { subject: 'ann' })
      t.strictSame(await talk(site, cookie), ['ann', { a: 1 }])
    })

    t.test('app.sessions.open() reads it too', async t => {
      const site = await socketSite(t, { backend: kind }, async (request, app) => (await app.sessions.open(request.headers.cookie)).data())
      const { cookie } = await site.app.sessions.create({ a: 1 } as never)
      t.strictSame(await talk(site, cookie), { a: 1 })
    })

    t.test('what needs a new cookie is refused', async t => {
      const site = await socketSite(t, { backend: kind }, async ({ session }) => {
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
  const site = await socketSite(t, { backend: 'memory' }, async ({ session }) => {
    session.b = 2
    await session.save()
    return session.data()
  })
  const { id, cookie } = await site.app.sessions.create({ a: 1 } as never)
  await talk(site, cookie)
  t.strictSame((await site.app.sessions.get(id))?.data, { a: 1, b: 2 })
})
