import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { createSite, type Kind, kinds, loose, type Site, type SiteOptions } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** The first send of each case: status 200, header x-first, body `first`; but for the redirect. */
const first: Handler = (request, reply) => {
  loose(request)['a'] = 1
  reply.header('x-first', '1').setCookie('first', '1')
  reply.send('first')
}

/** Mistakes of code that has sent a reply without returning the reply object. */
const second: Array<[string, Handler]> = [
  ['returns a value', (_request, reply) => { reply.code(500).header('x-second', '1'); return 'second' }],
  ['returns nothing', (_request, reply) => { reply.code(500).header('x-first', '2') }],
  ['sends again', (_request, reply) => { reply.code(500).header('x-second', '1').setCookie('second', '1').send('second') }],
  ['redirects', (_request, reply) => { reply.redirect('/elsewhere') }],
  ['throws', () => { throw Object.assign(new Error('second'), { statusCode: 418 }) }],
  ['throws later', async () => { await null; throw new Error('second') }],
  ['sends an error', (_request, reply) => { reply.send(new Error('second')) }],
  ['removes headers', (_request, reply) => { reply.removeHeader('x-first').removeHeader('content-type').removeHeader('set-cookie') }],
  ['calls for the 404 handler', (_request, reply) => { reply.callNotFound() }]
]

async function gated (t: Test, kind: Kind, setup: Omit<SiteOptions, 'backend'> = {}): Promise<Site & { gate: Gate }> {
  const site = await createSite(t, { ...setup, backend: kind })
  const gate = new Gate()
  site.backend.before('write', gate.pass)
  return { ...site, gate }
}

/** Sends a request, lets the second send run while the commit waits, and then lets the commit go on. */
async function ask (app: FastifyInstance, gate: Gate, url = '/') {
  const answer = app.inject(url)
  await gate.reached
  await settled()
  gate.open()
  const response = await answer
  await settled()
  return response
}

for (const kind of kinds) {
  for (const [what, then] of second) {
    for (const [where, route] of [
      ['an async handler', (app: FastifyInstance) => { app.get('/', async (request, reply) => { first(request, reply); return then(request, reply) }) }],
      ['a plain handler', (app: FastifyInstance) => {
        app.get('/', (request, reply) => {
          first(request, reply)
          setImmediate(() => { Promise.resolve().then(() => then(request, reply)).catch(() => {}) })
        })
      }],
      ['an async preHandler', (app: FastifyInstance) => {
        app.get('/', { preHandler: async (request, reply) => { first(request, reply); await then(request, reply) } }, async () => 'the handler')
      }]
    ] as const) {
      t.test(`${kind}: ${where} that sends, does not return the reply and ${what}: the first send wins whole`, async t => {
        const { app, gate, operations } = await gated(t, kind)
        route(app)
        const response = await ask(app, gate)
        t.strictSame([response.statusCode, response.payload], [200, 'first'])
        t.equal(response.headers['x-first'], '1')
        t.equal(response.headers['x-second'], undefined)
        t.equal(response.headers['location'], undefined)
        t.equal(response.headers['content-type'], 'text/plain; charset=utf-8')
        t.match(cookieLines(response), [/^first=1/, /^__Host-session=/])
        t.equal(cookieLines(response).length, 2)
        t.strictSame(operations(), ['write'])
      })
    }
  }

  t.test(`${kind}: after a preHandler that redirects without returning the reply, the handler does not run`, async t => {
    const { app, gate, operations } = await gated(t, kind)
    let hasRun = false
    app.get('/', { preHandler: async (request, reply) => { loose(request)['from'] = request.url; reply.redirect('/login') } }, async () => { hasRun = true; return 'secret' })
    const response = await ask(app, gate)
    t.strictSame([response.statusCode, response.headers['location'], response.payload], [302, '/login', ''])
    t.notOk(hasRun)
    t.strictSame(operations(), ['write'])
  })

  t.test(`${kind}: after an onRequest hook that sends without returning the reply, nothing else runs`, async t => {
    const { app, gate } = await gated(t, kind)
    const ran: string[] = []
    app.addHook('onRequest', async (request, reply) => { first(request, reply) })
    app.addHook('preHandler', async () => { ran.push('preHandler') })
    app.get('/', async () => { ran.push('handler') })
    t.equal((await ask(app, gate)).payload, 'first')
    t.strictSame(ran, [])
  })

  t.test(`${kind}: a second send is refused as Fastify refuses it, with a warning in the log and no error`, async t => {
    const { app, gate, logs } = await gated(t, kind)
    app.get('/', async (request, reply) => { first(request, reply); reply.send('second') })
    await ask(app, gate)
    t.match(logs.filter(({ level }) => level >= 40), [{ level: 40, msg: /Reply was already sent/ }])
  })

  t.test(`${kind}: a stream that was sent first is not mixed with what comes second`, async t => {
    const { app, gate, operations } = await gated(t, kind)
    app.get('/', async (request, reply) => {
      loose(request)['a'] = 1
      reply.type('text/css').send(new Blob(['first']).stream())
      return { second: true }
    })
    const response = await ask(app, gate)
    t.strictSame([response.statusCode, response.headers['content-type'], response.payload], [200, 'text/css', 'first'])
    t.strictSame(operations(), ['write'])
  })

  t.test(`${kind}: when the first send's commit fails, the answer is its 503, not the second send`, async t => {
    const { app, backend, gate, operations } = await gated(t, kind)
    backend.before('write', async () => { await gate.pass(); throw new Error('down') })
    app.get('/', async (request, reply) => { first(request, reply); reply.code(201).header('x-second', '1'); return 'second' })
    const response = await ask(app, gate)
    t.equal(response.statusCode, 503)
    t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
    t.equal(response.headers['x-second'], undefined)
    t.strictSame(operations().filter(operation => operation !== 'read'), ['write'])
  })

  t.test(`${kind}: a handler that never answers is timed out by Fastify, and what it changed so far is stored`, async t => {
    const { app, operations } = await createSite(t, { backend: kind })
    app.get('/', { handlerTimeout: 10 }, async request => {
      loose(request)['a'] = 1
      await new Promise(() => {})
    })
    const response = await app.inject('/')
    t.match(response.json(), { code: 'FST_ERR_HANDLER_TIMEOUT' })
    t.strictSame(operations(), ['write'])
    t.equal(cookieLines(response).length, 1)
  })
}

for (const kind of kinds) {
  t.test(`${kind}: a cookie that is appended to others while the commit waits is not sent`, async t => {
    const { app, gate } = await gated(t, kind)
    app.get('/', async (request, reply) => {
      loose(request)['a'] = 1
      reply.header('set-cookie', ['b=1', 'c=1']).send('first')
      reply.header('set-cookie', 'late=1')
    })
    t.match(cookieLines(await ask(app, gate)).map(line => line.split('=')[0]), ['b', 'c', '__Host-session'])
  })

  t.test(`${kind}: an answer that is begun by hand while the commit waits can be ended by hand`, async t => {
    const { app, gate } = await gated(t, kind)
    app.get('/', (request, reply) => {
      loose(request)['a'] = 1
      reply.send('first')
      setImmediate(() => { reply.raw.writeHead(201) })
      gate.opened.then(settled).then(() => { reply.raw.end('by hand') })
    })
    const { statusCode, payload } = await ask(app, gate)
    t.strictSame([statusCode, payload], [201, 'by hand'])
  })
}
