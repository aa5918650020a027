import { request as httpRequest } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { sessions } from '../../lib/index.ts'
import { createSite, kinds, loose, type LooseSession, signedUp } from '../helpers/app.ts'
import { cookieLines, cookieOf, shapes } from '../helpers/cookies.ts'
import { Gate } from '../helpers/gate.ts'

/** The header set by the handler, the header sent for a session that was read, and the header sent for a new session. */
const merged: Array<[string, Record<string, string | string[]>, { vary: string, read: string | undefined, created: string }]> = [
  ['nothing', {}, { vary: 'Cookie', read: undefined, created: 'no-store' }],
  ['another Vary', { vary: 'Accept-Encoding' }, { vary: 'Accept-Encoding, Cookie', read: undefined, created: 'no-store' }],
  ['several Vary', { vary: ['Accept', 'Origin'] }, { vary: 'Accept, Origin, Cookie', read: undefined, created: 'no-store' }],
  ['Vary: Cookie', { vary: 'Accept, COOKIE' }, { vary: 'Accept, COOKIE', read: undefined, created: 'no-store' }],
  ['a Vary that only looks like it', { vary: 'X-Cookie' }, { vary: 'X-Cookie, Cookie', read: undefined, created: 'no-store' }],
  ['Vary: *', { vary: '*' }, { vary: '*', read: undefined, created: 'no-store' }],
  ['a caching time', { 'cache-control': 'max-age=60' }, { vary: 'Cookie', read: 'max-age=60', created: 'max-age=60, no-store' }],
  ['no-store', { 'cache-control': 'private, No-Store' }, { vary: 'Cookie', read: 'private, No-Store', created: 'private, No-Store' }],
  ['several directives', { 'cache-control': ['private', 'no-transform'] }, { vary: 'Cookie', read: 'private, no-transform', created: 'private, no-transform, no-store' }]
]

const text = (header: unknown) => Array.isArray(header) ? header.join(', ') : header as string

for (const kind of kinds) {
  for (const [what, headers, expected] of merged) {
    t.test(`${kind}: Vary and Cache-Control are joined with ${what}`, async t => {
      const { app } = await createSite(t, { backend: kind })
      const lines = Object.entries(headers).map(([name, value]): [string, string] => [name, text(value)])
      app.get('/read', async (request, reply) => { loose(request).get('a'); reply.headers(headers); return 'ok' })
      app.get('/create', async (request, reply) => { loose(request)['a'] = 1; reply.headers(headers); return 'ok' })
      app.get('/save', async (request, reply) => { reply.headers(headers); await loose(request).set('a', 1).save(); return 'ok' })
      app.get('/save-first', async (request, reply) => { await loose(request).set('a', 1).save(); reply.headers(headers); return 'ok' })
      app.get('/save-response', async request => { await loose(request).set('a', 1).save(); return new Response('ok', { headers: lines }) })
      app.get('/raw', async (request, reply) => {
        reply.headers(headers)
        await loose(request).set('a', 1).save()
        reply.hijack()
        reply.raw.end()
        return reply
      })
      app.get('/response', async request => {
        loose(request)['a'] = 1
        return new Response('ok', { headers: lines })
      })
      for (const url of ['/read', '/create', '/save', '/save-first', '/response', '/save-response']) {
        const response = await app.inject(url)
        t.equal(text(response.headers['vary']), expected.vary, url)
        t.equal(text(response.headers['cache-control']), url === '/read' ? expected.read : expected.created, url)
      }
      t.equal((await app.inject('/raw')).headers['cache-control'], expected.created)
    })
  }

  t.test(`${kind}: a cookie that is cleared forbids storing as well`, async t => {
    const site = await createSite(t, { backend: kind })
    site.app.get('/', async request => { await loose(request).destroy() })
    const response = await site.app.inject({ url: '/', headers: { cookie: await signedUp(site) } })
    t.equal(response.headers['cache-control'], 'no-store')
    t.equal(response.headers['vary'], 'Cookie')
  })

  t.test(`${kind}: errors, redirects and 304 of a touched session depend on the cookie too`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const touched = (reply: (reply: FastifyReply) => unknown) => async (request: { session: unknown }, r: FastifyReply) => { loose(request).get('a'); return reply(r) }
    app.get('/error', touched(() => { throw new Error('no') }))
    app.get('/redirect', touched(reply => reply.redirect('/')))
    app.get('/304', touched(reply => reply.code(304).send()))
    app.get('/unavailable', async request => { loose(request)['a'] = 1 })
    backend.fail('write')
    for (const url of ['/error', '/redirect', '/304', '/unavailable']) {
      t.equal((await app.inject(url)).headers['vary'], 'Cookie', url)
    }
  })

  t.test(`${kind}: other Set-Cookie headers stay, however they were set, and ours comes once`, async t => {
    const { app } = await createSite(t, { backend: kind })
    const change = (request: { session: unknown }): LooseSession => loose(request).set('a', 1)
    app.get('/setCookie', async (request, reply) => { change(request); reply.setCookie('b', '1').setCookie('c', '1') })
    app.get('/header', async (request, reply) => { change(request); reply.header('set-cookie', 'b=1').header('set-cookie', 'c=1') })
    app.get('/array', async (request, reply) => { change(request); reply.header('set-cookie', ['b=1', 'c=1']) })
    app.get('/raw', async (request, reply) => { change(request); reply.raw.setHeader('set-cookie', ['b=1', 'c=1']) })
    app.get('/around', async (request, reply) => {
      reply.setCookie('b', '1')
      await change(request).save()
      reply.setCookie('c', '1')
      await loose(request).regenerateId()
    })
    app.get('/response', async request => {
      change(request)
      return new Response('ok', { headers: [['set-cookie', 'b=1'], ['set-cookie', 'c=1']] })
    })
    app.addHook('onSend', async (request, reply) => { if (request.url === '/later') reply.header('set-cookie', ['b=1', 'c=1']) })
    app.get('/later', async request => { change(request) })
    for (const url of ['/setCookie', '/header', '/array', '/raw', '/around', '/response', '/later']) {
      const names = cookieLines(await app.inject(url)).map(line => line.split('=')[0])
      t.strictSame(names.sort(), ['__Host-session', 'b', 'c'], url)
    }
  })

  t.test(`${kind}: with a commit that took its time, two other cookies stay in their order, once each`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const gate = new Gate()
    backend.before('write', gate.pass)
    app.get('/', async (request, reply) => { loose(request)['a'] = 1; reply.header('set-cookie', ['b=1', 'c=1']); return 'ok' })
    const answer = app.inject('/')
    await gate.reached
    gate.open()
    t.match(cookieLines(await answer), [/^b=1$/, /^c=1$/, /^__Host-session=/])
  })

  t.test(`${kind}: ours replaces an earlier one of the same name, domain and path, and no other`, async t => {
    const { app } = await createSite(t, { backend: kind, cookie: { name: 'sid', path: '/app', domain: 'example.org' } })
    const theirs = [
      'sid=forged; Path=/app; Domain=example.org',
      'sid=forged; domain=.EXAMPLE.org ; path=/app',
      'sid.1=forged; Path=/app; Domain=example.org',
      'sid=other; Path=/; Domain=example.org',
      'sid=other; Path=/app',
      'sid=other; Path=/app; Domain=www.example.org',
      'sid2=other; Path=/app; Domain=example.org',
      'sid.x=other; Path=/app; Domain=example.org',
      'sid.10=other; Path=/app; Domain=example.org',
      'dis.1=other; Path=/app; Domain=example.org'
    ]
    app.get('/app', async (request, reply) => { loose(request)['a'] = 1; reply.header('set-cookie', theirs) })
    app.get('/app/none', async (request, reply) => { loose(request).get('a'); reply.header('set-cookie', theirs) })
    const response = await app.inject('/app')
    t.strictSame(cookieLines(response).filter(line => line.includes('forged')), [])
    t.equal(cookieLines(response).filter(line => line.includes('other')).length, 7)
    t.equal(cookieLines(response).length, 8)
    t.match(shapes(response).at(-1), /^sid=…; Domain=example\.org; Path=\/app/)
    t.strictSame(cookieLines(await app.inject('/app/none')), theirs, 'without a cookie of our own nothing is replaced')
  })

  t.test(`${kind}: two registrations on one request each send their cookie`, async t => {
    const site = await createSite(t, { backend: kind })
    await site.app.register(sessions, { property: 'visit' as never, secret: 'another secret of more than thirty-two bytes' })
    site.app.get('/', async request => {
      loose(request)['a'] = 1
      ;(request as unknown as { visit: LooseSession }).visit['b'] = 1
    })
    site.app.get('/show', async request => ({ ...loose(request), ...(request as unknown as { visit: LooseSession }).visit }))
    const response = await site.app.inject('/')
    t.match(shapes(response), [/^__Host-session=/, /^__Host-visit=/])
    t.equal(response.headers['vary'], 'Cookie')
    t.equal(response.headers['cache-control'], 'no-store')
    t.strictSame((await site.app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1, b: 1 })
  })
}

t.test('on a real socket there is one Vary, one Cache-Control, and one line per cookie', async t => {
  const { app } = await createSite(t, { backend: 'cookie' })
  app.get('/', async (request, reply) => {
    reply.setCookie('b', '1').header('vary', 'Accept')
    await loose(request).set('a', 1).save()
    loose(request)['c'] = 1
    return 'ok'
  })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as { port: number }
  const raw = await new Promise<string[]>((resolve, reject) => {
    httpRequest({ port }, response => { response.resume(); resolve(response.rawHeaders) }).on('error', reject).end()
  })
  const names = raw.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase())
  for (const [name, count] of [['vary', 1], ['cache-control', 1], ['set-cookie', 2]] as const) {
    t.equal(names.filter(other => other === name).length, count, name)
  }
})

for (const kind of kinds) {
  for (const autoload of [true, false]) {
    t.test(`${kind}: a session that is first read in an onSend hook after ours makes the answer vary, with autoload ${autoload}`, async t => {
      const site = await createSite(t, { backend: kind })
      site.app.addHook('onSend', async (request, _reply, payload) => {
        await request.session.load()
        return `${String(payload)} of ${loose(request)['user'] ?? 'nobody'}`
      })
      site.app.get('/', { config: { session: { autoload } } as never }, async (_request, reply) => {
        reply.headers({ vary: 'Origin', 'cache-control': 'public, max-age=60' })
        return 'the page'
      })
      const { body, headers } = await site.app.inject({ url: '/', headers: { cookie: await signedUp(site) } })
      t.strictSame([body, headers['vary']], ['the page of ada', 'Origin, Cookie'])
    })
  }

  t.test(`${kind}: an answer written by hand after an operation varies, whether or not the operation set a cookie`, async t => {
    const site = await createSite(t, { backend: kind })
    const byHand = (operation: (session: LooseSession) => unknown) => async (request: FastifyRequest, reply: FastifyReply) => {
      reply.raw.setHeader('vary', 'Origin')
      await operation(loose(request))
      reply.hijack()
      reply.raw.end('ok')
    }
    site.app.get('/save', byHand(session => session.set('a', 1).save()))
    site.app.get('/nothing', byHand(session => session.save()))
    site.app.get('/reload', byHand(session => session.reload()))
    site.app.get('/login', byHand(session => session.login('ada')))
    for (const url of ['/save', '/nothing', '/reload', '/login']) {
      const { headers } = await site.app.inject({ url, headers: { cookie: await signedUp(site) } })
      t.equal(headers['vary'], 'Origin, Cookie', url)
    }
  })

  t.test(`${kind}: what the response itself varies by stays, whatever the reply was given`, async t => {
    const site = await createSite(t, { backend: kind })
    site.app.get('/', async (request, reply) => {
      reply.header('vary', 'Accept')
      reply.raw.setHeader('vary', 'Origin')
      await loose(request).set('a', 1).save()
      reply.hijack()
      reply.raw.end('ok')
    })
    t.equal((await site.app.inject('/')).headers['vary'], 'Origin, Cookie')
  })

  t.test(`${kind}: an operation after the head is out leaves the head alone`, async t => {
    const site = await createSite(t, { backend: kind })
    site.app.get('/', async (request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200)
      await loose(request).reload()
      reply.raw.end('ok')
    })
    t.equal((await site.app.inject({ url: '/', headers: { cookie: await signedUp(site) } })).headers['vary'], undefined)
  })
}

for (const kind of kinds) {
  t.test(`${kind}: an answer to a signed-in user who was looked at is private and not stored, unless it says something about caching`, async t => {
    const site = await createSite(t, { backend: kind })
    const { cookie } = await site.app.sessions.create({}, { subject: 'ann' })
    const guest = await signedUp(site)
    const expires = 'Fri, 01 Jan 2038 00:00:00 GMT'
    site.app.get('/page', async (request, reply) => { loose(request).get('a'); return reply.headers(request.query as Record<string, string>).send('x') })
    site.app.get('/raw', async (request, reply) => { loose(request).get('a'); reply.raw.setHeader('cache-control', 'max-age=5'); return 'x' })
    site.app.get('/response', async request => { loose(request).get('a'); return new Response('x', { headers: { 'cache-control': 'max-age=5' } }) })
    site.app.get('/untouched', async () => 'x')
    site.app.get('/login', async request => { await loose(request).login('ann') })
    const cachingOf = async (url: string, header: string) => (await site.app.inject({ url, headers: { cookie: header } })).headers['cache-control']
    t.strictSame([
      await cachingOf('/page', cookie), await cachingOf('/page?cache-control=max-age%3D60', cookie), await cachingOf(`/page?expires=${encodeURIComponent(expires)}`, cookie),
      await cachingOf('/raw', cookie), await cachingOf('/response', cookie), await cachingOf('/untouched', cookie), await cachingOf('/page', guest), await cachingOf('/page', ''),
      await cachingOf('/login', '')
    ], ['private, no-store', 'max-age=60', undefined, 'max-age=5', 'max-age=5', undefined, undefined, undefined, 'no-store'])
  })
}

t.test('a reply that is written by hand after an operation varies by the cookie beside what reply.header() was given', async t => {
  const site = await createSite(t, { backend: 'memory' })
  site.app.get('/', async (request, reply) => {
    reply.header('vary', 'Origin')
    await loose(request).set('a', 1).save()
    reply.hijack()
    reply.raw.end('by hand')
  })
  t.equal((await site.app.inject('/')).headers['vary'], 'Origin, Cookie')
})
