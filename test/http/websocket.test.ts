import { once } from 'node:events'
import websocket from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, type WebSocket as Socket } from 'ws'
import { createSite, type Kind, kinds, loose, signedUp } from '../helpers/app.ts'
import { cookieOf } from '../helpers/cookies.ts'
import { settled } from '../helpers/gate.ts'

const LOST = /^changes of the session are lost: .* \(GET \/ws\)$/

/** A server whose socket does what each message says with its session, and answers with the result. */
async function chat (t: Test, kind: Kind) {
  const site = await createSite(t, { backend: kind, before: app => app.register(websocket) })
  const { app } = site
  const closed: Array<Promise<unknown>> = []
  app.get('/ws', { websocket: true }, (socket: Socket, request: FastifyRequest) => {
    closed.push(once(request.raw.socket, 'close'))
    socket.on('message', (message: Buffer) => {
      answer(request, String(message)).then(
        result => { socket.send(JSON.stringify(result ?? null)) },
        (error: { code?: string }) => { socket.send(JSON.stringify(error.code)) }
      )
    })
  })
  app.get('/show', async request => ({ ...loose(request) }))
  app.get('/signup', async request => { loose(request)['user'] = 'ada' })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as { port: number }

  async function answer (request: FastifyRequest, message: string): Promise<unknown> {
    const session = loose(request)
    switch (message) {
      case 'read': return session.data()
      case 'change': return session.set('changed', 1).get('changed')
      case 'save': return await session.set('saved', 1).save()
      case 'login': return await session.login('ada')
      case 'regenerate': return await session.regenerate()
      case 'regenerateId': return await session.regenerateId()
      case 'destroy': return await session.destroy()
      default: throw new Error(message)
    }
  }

  return {
    ...site,
    /** Sends messages over a socket, and resolves to the answers after the server has seen the end of the socket. */
    async say (cookie: string | undefined, ...messages: string[]): Promise<unknown[]> {
      const socket = new WebSocket(`ws://localhost:${port}/ws`, { headers: cookie === undefined ? {} : { cookie } })
      await once(socket, 'open')
      const answers: unknown[] = []
      for (const message of messages) {
        socket.send(message)
        answers.push(JSON.parse(String((await once(socket, 'message'))[0])))
      }
      socket.close()
      await Promise.all(closed.splice(0))
      await settled()
      return answers
    },
    show: async (cookie: string) => (await app.inject({ url: '/show', headers: { cookie } })).json() as unknown
  }
}

for (const kind of kinds) {
  t.test(`${kind}: a WebSocket reads the session of its upgrade`, async t => {
    const site = await chat(t, kind)
    t.strictSame(await site.say(await signedUp(site), 'read'), [{ user: 'ada' }])
    t.strictSame(await site.say(undefined, 'read'), [{}])
    t.strictSame(site.warnings(), [])
  })

  t.test(`${kind}: changes that are not saved before the socket closes are reported by one warning with the route`, async t => {
    const site = await chat(t, kind)
    const cookie = await signedUp(site)
    await site.say(cookie, 'change', 'change')
    t.match(site.warnings(), [LOST])
    t.equal(site.warnings().length, 1)
    t.strictSame(await site.show(cookie), { user: 'ada' })
  })

  for (const message of ['save', 'login', 'regenerate', 'regenerateId']) {
    t.test(`${kind}: a ${message} that needs a new cookie rejects with NotSupportedError and stores nothing`, async t => {
      const site = await chat(t, kind)
      // A stored session keeps its cookie: only its first save needs a new cookie. A cookie session needs one at each save.
      const cookie = message === 'save' && kind === 'memory' ? undefined : await signedUp(site)
      site.operations()
      t.strictSame(await site.say(cookie, message), ['SES_NOT_SUPPORTED'])
      t.notOk(site.operations().includes('write'))
      if (cookie !== undefined) t.strictSame(await site.show(cookie), { user: 'ada' })
    })
  }

  t.test(`${kind}: an ordinary request that offers to upgrade to a WebSocket, and is not taken up on it, gets its cookie`, async t => {
    const { app } = await createSite(t, { backend: kind })
    app.get('/', async request => { await loose(request).set('a', 1).save() })
    app.get('/show', async request => ({ ...loose(request) }))
    const response = await app.inject({ url: '/', headers: { upgrade: 'websocket', connection: 'upgrade' } })
    t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1 })
  })

  t.test(`${kind}: such a request gets its cookie where the store is away, too`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.before('write', settled)
    app.get('/', async request => { loose(request)['a'] = 1 })
    app.get('/login', async request => { await loose(request).login('ada') })
    for (const url of ['/', '/login']) {
      t.match(cookieOf(await app.inject({ url, headers: { upgrade: 'WebSocket', connection: 'upgrade' } })), /session=./, url)
    }
  })
}

t.test('a WebSocket saves the changes of a session that is stored on the server', async t => {
  const site = await chat(t, 'memory')
  const cookie = await signedUp(site)
  t.strictSame(await site.say(cookie, 'save', 'read'), [null, { user: 'ada', saved: 1 }])
  t.strictSame(await site.show(cookie), { user: 'ada', saved: 1 })
  t.strictSame(site.warnings(), [])
})

t.test('a WebSocket destroys a session that is stored on the server', async t => {
  const site = await chat(t, 'memory')
  const cookie = await signedUp(site)
  t.strictSame(await site.say(cookie, 'destroy'), [null])
  t.strictSame(await site.show(cookie), {})
})
