import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { createSite, type Kind, kinds, loose, signedUp, type SiteOptions } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

const schema = { type: 'object', properties: { n: { type: 'integer' } } }

type Options = Omit<SiteOptions, 'backend'>

/** Ways for a commit to fail, each with the status and the code of the answer. */
const failures: Array<[string, number, string, Options, (data: Record<string, unknown>) => void]> = [
  ['the backend fails', 503, 'SES_BACKEND_UNAVAILABLE', {}, data => { data['n'] = 1 }],
  ['the data violate the schema', 500, 'SES_INVALID_DATA', { schema }, data => { data['n'] = 'one' }],
  ['the data cannot be stored', 500, 'SES_NOT_SERIALIZABLE', {}, data => { data['n'] = 1n }]
]

async function failing (t: Test, kind: Kind, options: Options, change: (data: Record<string, unknown>) => void) {
  const site = await createSite(t, { ...options, backend: kind })
  site.app.get('/', async (request, reply) => {
    change(loose(request))
    reply.code(201).header('x-handler', 'yes').setCookie('theirs', '1')
    return 'done'
  })
  if (change === failures[0]![4]) site.backend.fail('write')
  return site
}

for (const kind of kinds) {
  for (const [why, status, code, options, change] of failures) {
    t.test(`${kind}: when ${why} the answer is ${status}, without our cookie`, async t => {
      const { app } = await failing(t, kind, options, change)
      const response = await app.inject('/')
      t.equal(response.statusCode, status)
      t.match(response.json(), { code })
      t.equal(response.headers['retry-after'], status === 503 ? '5' : undefined)
      t.notMatch(cookieLines(response).join(), /session/)
    })

    for (const [how, handle] of [
      ['only sends', (_error, _request, reply) => { reply.send({ ours: true }) }],
      ['returns', async () => ({ ours: true })],
      ['sends later', (_error, _request, reply) => { setImmediate(() => { reply.send({ ours: true }) }) }],
      ['looks at the session', async (_error, request) => { loose(request).get('a'); return { ours: true } }],
      ['changes the session', async (_error, request) => { loose(request)['flash'] = 1; return { ours: true } }]
    ] as Array<[string, (error: Error, request: FastifyRequest, reply: FastifyReply) => unknown]>) {
      t.test(`${kind}: when ${why}, an error handler that ${how} keeps ${status}, is called once and nothing is tried again`, async t => {
        const { app, operations } = await failing(t, kind, options, change)
        const errors: Array<Error & { code?: string }> = []
        app.setErrorHandler((error: Error, request, reply) => {
          errors.push(error)
          return handle(error, request, reply)
        })
        const response = await app.inject('/')
        t.equal(response.statusCode, status)
        t.strictSame(response.json(), { ours: true })
        t.equal(response.headers['retry-after'], status === 503 ? '5' : undefined)
        t.strictSame(errors.map(error => error.code), [code])
        t.strictSame(operations().filter(operation => operation !== 'read'), status === 503 ? ['write'] : [])
        t.notMatch(cookieLines(response).join(), /session/)
      })
    }

    t.test(`${kind}: when ${why}, an error handler that sets a status of its own has the last word`, async t => {
      const { app } = await failing(t, kind, options, change)
      app.setErrorHandler((_error, _request, reply) => { reply.code(599).send('mine') })
      const response = await app.inject('/')
      t.strictSame([response.statusCode, response.payload], [599, 'mine'])
    })
  }

  t.test(`${kind}: an error reply whose commit fails becomes a 503, not the error with another body`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    app.get('/', async request => { loose(request)['a'] = 1; throw Object.assign(new Error('the handler\'s'), { statusCode: 400 }) })
    backend.fail('write')
    const response = await app.inject('/')
    t.equal(response.statusCode, 503)
    t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
    t.equal(response.headers['retry-after'], '5')
  })

  t.test(`${kind}: a failed commit takes back a cookie that save() had put on the reply`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    app.get('/', async (request, reply) => {
      await loose(request).set('a', 1).save()
      t.match(String(reply.getHeader('set-cookie')), /session=/)
      backend.fail('write')
      loose(request)['b'] = 2
      reply.setCookie('theirs', '1')
      return 'done'
    })
    const response = await app.inject('/')
    t.equal(response.statusCode, 503)
    t.match(cookieLines(response), [/^theirs=1/])
    t.equal(cookieLines(response).length, 1)
  })

  t.test(`${kind}: a 204 and a redirect whose commit fails are 503 with a body`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.fail('write')
    app.get('/204', async (request, reply) => { loose(request)['a'] = 1; return reply.code(204).send() })
    app.get('/302', async (request, reply) => { loose(request)['a'] = 1; return reply.redirect('/somewhere') })
    for (const url of ['/204', '/302']) {
      const response = await app.inject(url)
      t.equal(response.statusCode, 503, url)
      t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
    }
  })
}

for (const kind of kinds) {
  t.test(`${kind}: an error of the application's own, thrown while its data are read, is a 500`, async t => {
    const { app, operations } = await createSite(t, { backend: kind })
    const handler = async (request: FastifyRequest) => {
      Object.defineProperty(loose(request), 'a', { enumerable: true, get () { throw new Error('mine') } })
      return 'done'
    }
    app.get('/', handler)
    const response = await app.inject('/')
    t.equal(response.statusCode, 500)
    t.match(response.json(), { error: 'Internal Server Error' })
    const { app: lenient } = await createSite(t, { backend: kind })
    lenient.setErrorHandler((_error, _request, reply) => { reply.send('sorry') })
    lenient.get('/', handler)
    const other = await lenient.inject('/')
    t.strictSame([other.statusCode, other.body], [500, 'sorry'])
    t.strictSame(operations(), [])
  })

  t.test(`${kind}: an error handler may answer a failed commit with a stream, of whatever length the answer would have been`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.fail('write')
    app.setErrorHandler((_error, _request, reply) => { reply.send(Readable.from(['we are ', 'sorry'])) })
    app.get('/', async (request, reply) => {
      loose(request)['a'] = 1
      return reply.headers({ 'content-type': 'text/csv', 'content-length': '3' }).send('a,b')
    })
    const { statusCode, headers, body } = await app.inject('/')
    t.strictSame([statusCode, headers['content-type'], headers['content-length'], body], [503, undefined, undefined, 'we are sorry'])
  })

  t.test(`${kind}: a reload that fails takes back the cookie that save() had put on the reply`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    app.get('/', async (request, reply) => {
      await loose(request).set('a', 1).save()
      t.match(String(reply.getHeader('set-cookie')), /session=/)
      backend.fail('read')
      await loose(request).reload()
    })
    const response = await app.inject('/')
    t.equal(response.statusCode, 503)
    t.strictSame(cookieLines(response), [])
  })
}

t.test('a conflict is 409, without our cookie, and the stored session stands', async t => {
  const site = await createSite(t, { backend: 'memory', onConflict: 'error', cookie: { persistent: true } })
  const { app } = site
  const cookie = await signedUp(site, { n: 0 })
  app.get('/other', async request => { loose(request)['n'] = 1 })
  app.get('/', async request => {
    loose(request)['n'] = 2
    await app.inject({ url: '/other', headers: { cookie } })
    return 'done'
  })
  app.get('/show', async request => loose(request).get('n'))
  const response = await app.inject({ url: '/', headers: { cookie } })
  t.equal(response.statusCode, 409)
  t.match(response.json(), { code: 'SES_CONFLICT' })
  t.strictSame(cookieLines(response), [])
  t.equal((await app.inject({ url: '/show', headers: { cookie } })).json(), 1)
})

t.test('a cookie session that grows too large is a 500, and the browser keeps the old one', async t => {
  const site = await createSite(t, { backend: 'cookie' })
  site.app.get('/', async request => { loose(request)['big'] = 'x'.repeat(10_000) })
  const response = await site.app.inject({ url: '/', headers: { cookie: await signedUp(site) } })
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'SES_TOO_LARGE', message: /^The session takes \d+ bytes, 7168 are allowed$/ })
  t.strictSame(cookieLines(response), [])
})

for (const kind of kinds) {
  t.test(`${kind}: a commit that fails after a save takes the cookie of that back, and leaves those of others`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const handler = (isOther: boolean) => async (request: FastifyRequest, reply: FastifyReply) => {
      if (isOther) reply.setCookie('other', '1')
      await loose(request).set('a', 1).save()
      loose(request)['b'] = 1
      backend.fail('write')
    }
    app.get('/alone', handler(false))
    app.get('/beside', handler(true))
    const alone = await app.inject('/alone')
    t.strictSame([alone.statusCode, 'set-cookie' in alone.headers], [503, false])
    backend.heal()
    const beside = await app.inject('/beside')
    t.strictSame([beside.statusCode, cookieLines(beside)], [503, ['other=1; SameSite=Lax']])
  })
}

for (const kind of kinds) {
  for (const [what, payload] of [['nothing', null], ['text', 'text'], ['bytes', Buffer.from('bytes')]] as const) {
    t.test(`${kind}: an answer of ${what} is replaced by the error when the commit fails`, async t => {
      const { app, backend } = await createSite(t, { backend: kind })
      backend.fail('write')
      app.get('/', (request, reply) => {
        loose(request)['a'] = 1
        reply.send(payload)
      })
      const response = await app.inject('/')
      t.match([response.statusCode, response.json()], [503, { code: 'SES_BACKEND_UNAVAILABLE' }])
    })
  }

  t.test(`${kind}: a stream that fails when it is ended, since the commit failed, ends nothing else`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.fail('write')
    const stream = new Readable({ read () {}, destroy (_error, done) { done(new Error('it cannot be closed')) } })
    app.get('/', async request => { loose(request)['a'] = 1; return stream })
    t.equal((await app.inject('/')).statusCode, 503)
    t.ok(stream.destroyed)
  })
}

/** What describes an answer. */
const described = {
  'cache-control': 'public, max-age=31536000, immutable',
  'cdn-cache-control': 'max-age=600',
  expires: 'Fri, 01 Jan 2038 00:00:00 GMT',
  etag: '"v1"',
  'last-modified': 'Fri, 01 Jan 2027 00:00:00 GMT',
  'accept-ranges': 'bytes',
  'content-range': 'bytes 0-9/100',
  'content-disposition': 'attachment; filename="report.csv"',
  'content-encoding': 'identity',
  'content-language': 'de',
  'content-location': '/report',
  'content-type': 'text/csv',
  age: '60',
  'content-digest': 'sha-256=:AA==:',
  'content-md5': 'AA==',
  digest: 'sha-256=AA==',
  pragma: 'cache',
  'repr-digest': 'sha-256=:AA==:',
  'surrogate-control': 'max-age=600'
}

for (const kind of kinds) {
  for (const [what, where, status, fail, handler] of [
    ['a load that fails', '/required', 503, 'read', async () => 'done'],
    ['a session that is missing', '/required', 401, null, async () => 'done'],
    ['a commit that fails', '/', 503, 'write', async ({ session }) => { session.a = 1; return 'a,b' }],
    ['data that cannot be stored', '/', 500, null, async ({ session }) => { session.a = () => {}; return 'a,b' }],
    ['a save that fails', '/', 503, 'write', async ({ session }) => { await session.set('a', 1).save() }],
    ['a save that fails and is caught', '/', 503, 'write', async ({ session }) => { await session.set('a', 1).save().catch(() => {}); return 'a,b' }],
    ['a conflict that the handler throws', '/', 409, null, async ({ session }) => { await session.destroy(); session.set('a', 1) }]
  ] as Array<[string, string, number, 'read' | 'write' | null, (request: any) => Promise<unknown>]>) {
    t.test(`${kind}: the answer to ${what} is not stored, and says nothing about the answer that it replaces`, async t => {
      const site = await createSite(t, {
        backend: kind,
        before: app => app.addHook('onRequest', async (_request, reply) => {
          reply.headers({ ...described, vary: 'Origin', 'x-frame-options': 'DENY' })
          reply.raw.setHeader('expires', described.expires)
        })
      })
      const cookie = where === '/required' && fail === null ? '' : await signedUp(site)
      site.app.get(where, where === '/' ? {} : { config: { session: { required: true } } as never }, handler)
      if (fail !== null) site.backend.fail(fail)
      const { statusCode, headers } = await site.app.inject({ url: where, headers: { cookie } })
      t.equal(statusCode, status)
      t.equal(headers['cache-control'], 'no-store')
      for (const name of Object.keys(described)) {
        if (name !== 'cache-control' && name !== 'content-type') t.equal(headers[name], undefined, name)
      }
      t.match(headers, { 'content-type': /json/, 'x-frame-options': 'DENY', vary: 'Origin, Cookie' })
    })
  }

  t.test(`${kind}: a 503 that the application makes of the failure may not be stored either, and keeps what describes it`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.fail('write')
    app.get('/', async (request, reply) => {
      await loose(request).set('a', 1).save().catch(() => {})
      return reply.code(503).headers(described).send('a,b')
    })
    const { statusCode, headers, body } = await app.inject('/')
    t.strictSame([statusCode, body, headers['cache-control'], headers['expires']], [503, 'a,b', 'no-store', undefined])
    t.match(headers, { 'content-type': 'text/csv', 'content-encoding': 'identity', 'retry-after': '5' })
  })
}
