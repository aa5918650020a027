import { request as httpRequest, type ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { createSite, kinds, loose, signedUp } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'

const AFTER = /^changes of the session are lost: they were made after it was committed \(GET \/\)$/
const MISSED = /^changes of the session are lost: the reply was hijacked, written by hand, or sent before they were made; call `await request\.session\.save\(\)` in time \(GET \/\)$/

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const byHand: Array<[string, Handler]> = [
  ['reply.hijack()', (_request, reply) => { reply.hijack(); reply.raw.end('by hand') }],
  ['reply.hijack() and a head by hand', (_request, reply) => { reply.hijack(); reply.raw.writeHead(200, { 'x-hand': '1' }).end('by hand') }],
  ['a raw end', (_request, reply) => { reply.raw.end('by hand') }],
  ['raw writes', (_request, reply) => { reply.raw.write('by '); reply.raw.end('hand') }]
]

for (const kind of kinds) {
  for (const [how, answer] of byHand) {
    t.test(`${kind}: changes that are lost to ${how} are reported by one warning with the route`, async t => {
      const { app, warnings, operations } = await createSite(t, { backend: kind })
      app.get('/', (request, reply) => {
        loose(request)['a'] = 1
        loose(request)['b'] = 1
        answer(request, reply)
      })
      const response = await app.inject('/')
      await settled()
      t.equal(response.payload, 'by hand')
      t.match(warnings(), [MISSED])
      t.equal(warnings().length, 1)
      t.strictSame(operations(), [])
    })

    t.test(`${kind}: save() before ${how} keeps the changes, the cookie and the caching header`, async t => {
      const { app, warnings } = await createSite(t, { backend: kind })
      app.get('/', async (request, reply) => {
        await loose(request).set('a', 1).save()
        answer(request, reply)
        return reply
      })
      app.get('/show', async request => ({ ...loose(request) }))
      const response = await app.inject('/')
      await settled()
      t.equal(response.payload, 'by hand')
      t.strictSame(warnings(), [])
      t.equal(cookieLines(response).length, 1)
      t.equal(response.headers['cache-control'], 'no-store')
      t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1 })
    })

    t.test(`${kind}: ${how} of a request that only read its session is nothing to warn about`, async t => {
      const site = await createSite(t, { backend: kind })
      site.app.get('/', (request, reply) => { loose(request).get('user'); answer(request, reply) })
      await site.app.inject({ url: '/', headers: { cookie: await signedUp(site) } })
      await settled()
      t.strictSame(site.warnings(), [])
    })
  }

  t.test(`${kind}: a cookie on the raw response, set before save(), is kept beside ours on a hijacked reply`, async t => {
    const { app } = await createSite(t, { backend: kind })
    app.get('/', async (request, reply) => {
      reply.raw.setHeader('set-cookie', 'theirs=1').setHeader('x-raw', '1')
      await loose(request).set('a', 1).save()
      reply.hijack()
      reply.raw.end('by hand')
      return reply
    })
    const response = await app.inject('/')
    t.match(cookieLines(response), [/^theirs=1/, /^__Host-session=/])
    t.equal(response.headers['x-raw'], '1')
  })

  for (const [how, add, hasOurs] of [
    ['appendHeader', raw => { raw.appendHeader('set-cookie', 'theirs=1').writeHead(200) }, true],
    ['writeHead with an array that has ours', raw => { raw.writeHead(200, { 'set-cookie': [raw.getHeader('set-cookie') as string[], 'theirs=1'].flat() }) }, true],
    ['writeHead alone, as Node has it and the documentation says', raw => { raw.writeHead(200, { 'set-cookie': 'theirs=1' }) }, false]
  ] as Array<[string, (raw: ServerResponse) => void, boolean]>) {
    t.test(`${kind}: a cookie on the raw response, added after save() by ${how}, ${hasOurs ? 'stands beside' : 'replaces'} ours`, async t => {
      const { app } = await createSite(t, { backend: kind })
      app.get('/', async (request, reply) => {
        await loose(request).set('a', 1).save()
        reply.hijack()
        add(reply.raw)
        reply.raw.end('by hand')
        return reply
      })
      t.match(cookieLines(await app.inject('/')), hasOurs ? [/^__Host-session=/, /^theirs=1/] : [/^theirs=1/])
    })
  }

  t.test(`${kind}: changes after the reply was sent are reported, those before are stored`, async t => {
    const { app, warnings } = await createSite(t, { backend: kind })
    app.get('/', (request, reply) => {
      loose(request)['before'] = 1
      reply.send('sent')
      loose(request)['after'] = 1
    })
    app.get('/show', async request => ({ ...loose(request) }))
    const response = await app.inject('/')
    await settled()
    t.match(warnings(), [AFTER])
    t.equal(warnings().length, 1)
    t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { before: 1 })
  })

  t.test(`${kind}: changes while the commit waits are reported`, async t => {
    const { app, backend, warnings } = await createSite(t, { backend: kind })
    const gate = new Gate()
    backend.before('write', gate.pass)
    let session: ReturnType<typeof loose> | undefined
    app.get('/', async request => { (session = loose(request))['a'] = 1; return 'sent' })
    const answer = app.inject('/')
    await gate.reached
    session!['b'] = 2
    gate.open()
    t.equal((await answer).payload, 'sent')
    await settled()
    t.match(warnings(), [AFTER])
  })

  t.test(`${kind}: changes while a stream is sent are reported when it is over`, async t => {
    const { app, warnings } = await createSite(t, { backend: kind })
    const stream = new PassThrough()
    app.get('/', async request => {
      loose(request)['a'] = 1
      setImmediate(() => {
        loose(request)['late'] = 10n
        stream.end('streamed')
      })
      return stream
    })
    t.equal((await app.inject('/')).payload, 'streamed')
    await settled()
    t.match(warnings(), [AFTER], 'also what could not be stored')
  })

  t.test(`${kind}: a save() while a stream is sent ${kind === 'cookie' ? 'needs a new cookie and rejects' : 'stores the changes of a stored session'}`, async t => {
    const site = await createSite(t, { backend: kind })
    const cookie = await signedUp(site)
    const stream = new PassThrough()
    let outcome: unknown = 'saved'
    site.app.get('/', async request => {
      stream.once('resume', () => setImmediate(async () => {
        await loose(request).set('late', 1).save().catch((error: Error) => { outcome = error })
        stream.end('streamed')
      }))
      stream.write('… ')
      return stream
    })
    site.app.get('/show', async request => ({ ...loose(request) }))
    await site.app.inject({ url: '/', headers: { cookie } })
    await settled()
    const stored = (await site.app.inject({ url: '/show', headers: { cookie } })).json()
    if (kind === 'cookie') {
      t.match(outcome, { code: 'SES_NOT_SUPPORTED', message: /setting the session cookie/ })
      t.strictSame(stored, { user: 'ada' })
      t.match(site.warnings(), [MISSED])
    } else {
      t.equal(outcome, 'saved')
      t.strictSame(stored, { user: 'ada', late: 1 })
      t.strictSame(site.warnings(), [])
    }
  })

  t.test(`${kind}: once the head is out, a save(), login() or regenerate() that needs a new cookie rejects, and stores nothing`, async t => {
    const { app, operations } = await createSite(t, { backend: kind })
    const outcomes: unknown[] = []
    app.get('/', (request, reply) => {
      const session = loose(request).set('a', 1)
      reply.hijack()
      reply.raw.writeHead(200)
      const attempts = [session.save(), session.login('ada'), session.regenerateId(), session.regenerate(['a'])]
      Promise.allSettled(attempts).then(results => {
        outcomes.push(...results.map(result => result.status === 'rejected' && result.reason.code))
        reply.raw.end()
      })
    })
    await app.inject('/')
    t.strictSame(outcomes, Array(4).fill('SES_NOT_SUPPORTED'))
    t.strictSame(operations(), [])
  })

  t.test(`${kind}: when the client goes away while the handler runs, the session is committed all the same, without a warning`, async t => {
    const { app, warnings, operations } = await createSite(t, { backend: kind })
    const [entered, left, closed] = [new Gate(), new Gate(), new Gate()]
    app.get('/', async (request, reply) => {
      loose(request)['a'] = 1
      reply.raw.once('close', () => { closed.pass() })
      await entered.pass()
      await left.pass()
      loose(request)['b'] = 1
      return 'to nobody'
    })
    await app.listen({ port: 0 })
    const client = httpRequest({ port: (app.server.address() as { port: number }).port })
    client.on('error', () => {}).end()
    await entered.reached
    client.destroy()
    await closed.reached
    entered.open()
    left.open()
    await settled()
    t.strictSame(operations(), ['write'])
    t.strictSame(warnings(), [])
  })
}

t.test('where no route was found, the warning says so', async t => {
  const { app, warnings } = await createSite(t, { backend: 'memory' })
  app.setNotFoundHandler((request, reply) => {
    loose(request)['a'] = 1
    reply.hijack()
    reply.raw.end('by hand')
  })
  await app.inject('/nowhere')
  await settled()
  t.match(warnings(), [/\(GET an unknown route\)$/])
})
