import type { FastifyReply } from 'fastify'
import t from 'tap'
import { createSite, kinds, loose, signedUp } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'
import { MINUTE_MS } from '../helpers/times.ts'

// Fastify's own timer ends each of these requests. The store never answers before.
const LIMIT = { handlerTimeout: 20 }
const timedOut = { code: 'FST_ERR_HANDLER_TIMEOUT' }

for (const kind of kinds) {
  t.test(`${kind}: a handler's time limit ends the wait for the load, and nothing is stored`, async t => {
    const site = await createSite(t, { backend: kind })
    const { app, backend, operations } = site
    const cookie = await signedUp(site)
    app.get('/required', { ...LIMIT, config: { session: { required: true } } as never }, async () => 'in')
    app.get('/by-hand', { ...LIMIT, config: { session: { autoload: false } } as never }, async request => {
      await request.session.load()
      loose(request)['late'] = 1
    })
    for (const url of ['/required', '/by-hand']) {
      const gate = new Gate()
      backend.before('read', gate.pass)
      operations()
      const response = await app.inject({ url, headers: { cookie } })
      t.equal(response.statusCode, 503, url)
      t.match(response.json(), timedOut)
      gate.open()
      await settled()
      t.strictSame(operations(), ['read'])
      backend.heal()
    }
  })

  t.test(`${kind}: a handler's time limit ends the wait for the commit: one answer, without our cookie, and the held stream is ended`, async t => {
    const { app, backend, operations, errors } = await createSite(t, { backend: kind })
    const gate = new Gate()
    backend.before('write', gate.pass)
    let answer!: FastifyReply
    let signal: AbortSignal | undefined
    let isCancelled = false
    const body = new ReadableStream({ cancel () { isCancelled = true } })
    app.get('/', LIMIT, async (request, reply) => {
      signal = request.signal
      answer = reply
      loose(request)['a'] = 1
      reply.code(201).header('cache-control', 'public, max-age=60').header('etag', '"1"').setCookie('other', '1').send(body)
      return reply
    })
    const response = await app.inject('/')
    t.strictSame([response.statusCode, response.headers['cache-control'], response.headers['etag']], [503, 'no-store', undefined])
    t.match(response.json(), timedOut)
    t.match(cookieLines(response), [/^other=1/])
    t.equal(cookieLines(response).length, 1)
    t.ok(signal!.aborted)
    t.ok(isCancelled)
    t.ok(answer.sent)
    gate.open()
    await settled()
    t.strictSame(operations(), ['write'])
    t.match(errors(), [timedOut])
    t.equal(errors().length, 1)
  })

  t.test(`${kind}: a load that comes after the handler's time limit renews nothing`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: '1h' })
    const cookie = await signedUp(site)
    site.clock.now += 30 * MINUTE_MS
    const gate = new Gate()
    site.backend.before('read', gate.pass)
    site.app.get('/', { ...LIMIT, config: { session: { autoload: false } } as never }, async request => { await request.session.load() })
    site.operations()
    t.match((await site.app.inject({ url: '/', headers: { cookie } })).json(), timedOut)
    gate.open()
    await settled()
    t.strictSame(site.operations(), ['read'])
  })

  t.test(`${kind}: a handler's time limit during the commit takes back the cookie that save() had put on the reply`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const gate = new Gate()
    app.get('/', LIMIT, async (request, reply) => {
      await loose(request).set('a', 1).save()
      t.match(String(reply.getHeader('set-cookie')), /session=/)
      loose(request)['b'] = 1
      backend.before('write', gate.pass)
      return 'done'
    })
    const response = await app.inject('/')
    t.match(response.json(), timedOut)
    t.strictSame(cookieLines(response), [])
    gate.open()
    await settled()
  })

  t.test(`${kind}: what a handler changed before its time limit is stored, and the answer does not wait for the store`, async t => {
    const site = await createSite(t, { backend: kind })
    const cookie = await signedUp(site)
    const gate = new Gate()
    site.backend.before('write', gate.pass)
    site.operations()
    site.app.get('/', LIMIT, async request => {
      loose(request)['a'] = 1
      await new Promise(() => {})
    })
    const response = await site.app.inject({ url: '/', headers: { cookie } })
    t.match(response.json(), timedOut)
    t.strictSame(cookieLines(response), [])
    gate.open()
    await settled()
    t.strictSame(site.operations(), ['read', 'write'])
    t.strictSame(site.warnings(), [])
  })

  t.test(`${kind}: changes that a handler made before its time limit, and that cannot be stored, are warned about`, async t => {
    const site = await createSite(t, { backend: kind })
    const cookie = await signedUp(site)
    const gate = new Gate()
    site.backend.before('write', async () => { await gate.pass(); throw new Error('down') })
    site.app.get('/', LIMIT, async request => {
      loose(request)['a'] = 1
      await new Promise(() => {})
    })
    await site.app.inject({ url: '/', headers: { cookie } })
    gate.open()
    await settled()
    t.match(site.warnings(), ['changes of the session are lost: the handler timed out (GET /)'])
  })
}

t.test('a time limit of a request that does not look at its session is Fastify\'s own affair', async t => {
  const { app } = await createSite(t)
  app.get('/', LIMIT, async () => { await new Promise(() => {}) })
  t.match((await app.inject('/')).json(), timedOut)
})
