import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { createSite, kinds, loose } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown
const fail = (statusCode: number) => { throw Object.assign(new Error('failed'), { statusCode }) }

/** Every kind of reply, with its status, its body and its handler. */
const replies: Array<[string, number, string | RegExp, Handler]> = [
  ['an object', 200, '{"a":1}', async () => ({ a: 1 })],
  ['a text sent by callback', 201, 'done', (_request, reply) => { reply.code(201).send('done') }],
  ['a buffer', 200, 'bytes', async () => Buffer.from('bytes')],
  ['nothing', 200, '', (_request, reply) => { reply.send() }],
  ['204', 204, '', (_request, reply) => { reply.code(204).send() }],
  ['304', 304, '', (_request, reply) => { reply.code(304).send() }],
  ['a redirect', 302, '', (_request, reply) => reply.redirect('/elsewhere')],
  ['a Node stream', 200, 'ab', async () => Readable.from(['a', 'b'])],
  ['a web stream', 200, 'web', async () => new Blob(['web']).stream()],
  ['a Response', 202, 'response', async () => new Response('response', { status: 202 })],
  ['trailers', 200, 'body', (_request, reply) => { reply.trailer('etag', async () => '1').send('body') }],
  ['a thrown error', 500, /"failed"/, async () => { throw new Error('failed') }],
  ['a thrown error with a status', 418, /"failed"/, () => fail(418)],
  ['an error that is sent', 400, /"failed"/, (_request, reply) => { reply.code(400).send(new Error('failed')) }],
  ['404 by hand', 404, /Not Found/, (_request, reply) => { reply.callNotFound() }]
]

const touch: Handler = async request => { loose(request)['visits'] = (loose(request).get('visits') as number ?? 0) + 1 }

function routes (app: FastifyInstance): void {
  for (const [index, [,,, handler]] of replies.entries()) app.get(`/${index}`, { preHandler: touch as never }, handler as never)
  app.get('/hook', { preHandler: async (request, reply) => { await touch(request, reply); return reply.code(403).send('stop') } }, async () => 'never')
  app.get('/invalid', { preValidation: touch as never, schema: { querystring: { type: 'object', required: ['q'] } } }, async () => 'never')
  app.get('/show', async request => ({ ...loose(request) }))
}

for (const kind of kinds) {
  for (const [index, [what, status, body]] of replies.entries()) {
    for (const method of ['GET', 'HEAD'] as const) {
      t.test(`${kind}: ${what}, asked by ${method}, is sent after one commit`, async t => {
        const { app, backend } = await createSite(t, { backend: kind })
        const heads: boolean[] = []
        app.addHook('onRequest', async (_request, reply) => {
          backend.before('write', () => { heads.push(reply.raw.headersSent) })
        })
        routes(app)
        const response = await app.inject({ method, url: `/${index}` })
        t.strictSame(heads, [false])
        t.equal(response.statusCode, status)
        if (method === 'GET') t.match(response.payload, typeof body === 'string' ? new RegExp(`^${body}$`) : body)
        else t.equal(response.payload, '')
        t.equal(cookieLines(response).length, 1)
        backend.heal()
        t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { visits: 1 })
      })
    }
  }

  for (const [url, status] of [['/hook', 403], ['/invalid', 400], ['/nowhere', 404]] as const) {
    t.test(`${kind}: an answer of ${status} from outside the handler commits once as well`, async t => {
      const { app, operations } = await createSite(t, { backend: kind })
      app.setNotFoundHandler({ preHandler: touch as never }, async (_request, reply) => { reply.code(404); return 'nothing here' })
      routes(app)
      const response = await app.inject(url)
      t.equal(response.statusCode, status)
      t.strictSame(operations(), ['write'])
      t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { visits: 1 })
    })
  }

  t.test(`${kind}: no byte is written while the backend waits`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const gate = new Gate()
    backend.before('write', gate.pass)
    let raw: FastifyReply['raw'] | undefined
    app.get('/', async (request, reply) => {
      raw = reply.raw
      loose(request)['a'] = 1
      return 'body'
    })
    const answer = app.inject('/')
    await gate.reached
    await settled()
    t.strictSame([raw!.headersSent, raw!.writableEnded], [false, false])
    gate.open()
    t.equal((await answer).payload, 'body')
  })

  t.test(`${kind}: an error handler that changes the session is heard`, async t => {
    const { app, operations } = await createSite(t, { backend: kind })
    app.setErrorHandler(async (error: Error, request, reply) => {
      loose(request)['flash'] = error.message
      return reply.code(422).send('see flash')
    })
    app.get('/', async request => { loose(request)['a'] = 1; throw new Error('wrong input') })
    app.get('/show', async request => ({ ...loose(request) }))
    const response = await app.inject('/')
    t.strictSame([response.statusCode, response.payload], [422, 'see flash'])
    t.strictSame(operations(), ['write'])
    t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1, flash: 'wrong input' })
  })

  t.test(`${kind}: changes of later onSend hooks are too late, those of earlier ones are in`, async t => {
    const { app, warnings } = await createSite(t, {
      backend: kind,
      before: app => { app.addHook('onSend', async request => { if (request.url === '/') loose(request)['early'] = 1 }) }
    })
    app.addHook('onSend', async request => { if (request.url === '/') loose(request)['late'] = 1 })
    app.get('/', async request => { loose(request)['a'] = 1; return 'ok' })
    app.get('/show', async request => ({ ...loose(request) }))
    const response = await app.inject('/')
    t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1, early: 1 })
    await settled()
    t.match(warnings(), [/changes of the session are lost: they were made after it was committed \(GET \/\)/])
  })
}
