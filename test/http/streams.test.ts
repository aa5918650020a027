import { PassThrough, Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { backendOf, createSite, kinds, loose } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'

interface Source { readonly payload: unknown, readonly isEnded: () => boolean, readonly fail: () => void }

function nodeStream (): Source {
  const payload = new PassThrough()
  payload.end('streamed')
  return { payload, isEnded: () => payload.destroyed, fail: () => { payload.destroy(new Error('the stream failed')) } }
}

function webStream (): Source & { readonly payload: ReadableStream } {
  let isCancelled = false
  let controller!: ReadableStreamDefaultController
  const payload = new ReadableStream({
    start (given) { (controller = given).enqueue(Buffer.from('streamed')) },
    pull () { controller.close() },
    cancel () { isCancelled = true }
  }, { highWaterMark: 1 })
  return { payload, isEnded: () => isCancelled, fail: () => { controller.error(new Error('the stream failed')) } }
}

function response (): Source {
  const { payload, ...rest } = webStream()
  return { payload: new Response(payload), ...rest }
}

/** An old-style stream, which has pipe() and on(), but no destroy(). */
function legacyStream (): Source {
  const stream = nodeStream()
  const { payload } = stream as { payload: PassThrough }
  return { ...stream, payload: Object.assign(Object.create(payload), { destroy: undefined }) }
}

for (const kind of kinds) {
  for (const [what, make] of [['a Node stream', nodeStream], ['a web stream', webStream], ['a Response', response]] as const) {
    t.test(`${kind}: ${what} arrives whole after a commit that took its time`, async t => {
      const { app, backend } = await createSite(t, { backend: kind })
      const gate = new Gate()
      backend.before('write', gate.pass)
      app.get('/', async request => { loose(request)['a'] = 1; return make().payload })
      const answer = app.inject('/')
      await gate.reached
      gate.open()
      const { payload, statusCode, ...rest } = await answer
      t.strictSame([statusCode, payload], [200, 'streamed'])
      t.equal(cookieLines(rest).length, 1)
    })

    t.test(`${kind}: ${what} is ended when the commit fails, and the answer is a 503`, async t => {
      const { app, backend } = await createSite(t, { backend: kind })
      const source = make()
      backend.fail('write')
      app.get('/', async request => { loose(request)['a'] = 1; return source.payload })
      const answer = await app.inject('/')
      t.equal(answer.statusCode, 503)
      t.match(answer.json(), { code: 'SES_BACKEND_UNAVAILABLE' })
      t.ok(source.isEnded())
    })

    t.test(`${kind}: ${what} that fails while the commit waits is an error of the handler, and the session is stored once`, async t => {
      const { app, backend, operations } = await createSite(t, { backend: kind })
      const gate = new Gate()
      const source = make()
      backend.before('write', gate.pass)
      app.get('/', async request => { loose(request)['a'] = 1; return source.payload })
      const answer = app.inject('/')
      await gate.reached
      source.fail()
      await settled()
      gate.open()
      const { statusCode, ...rest } = await answer
      t.equal(statusCode, 500)
      t.match(rest.json(), { message: 'the stream failed' })
      t.equal(cookieLines(rest).length, 1)
      t.strictSame(operations(), ['write'])
    })

    t.test(`${kind}: ${what} that has failed by the time the commit fails is a 503`, async t => {
      const { app, backend } = await createSite(t, { backend: kind })
      const gate = new Gate()
      const source = make()
      backend.before('write', async () => { await gate.pass(); throw new Error('down') })
      app.get('/', async request => { loose(request)['a'] = 1; return source.payload })
      const answer = app.inject('/')
      await gate.reached
      source.fail()
      await settled()
      gate.open()
      t.equal((await answer).statusCode, 503)
    })
  }

  t.test(`${kind}: a web stream that somebody reads already does no harm when the commit fails`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.fail('write')
    app.get('/', async request => {
      loose(request)['a'] = 1
      const { payload } = webStream()
      // Not sent, but given to a later hook to send: cancelling a locked stream rejects.
      return Object.assign(payload, { reader: payload.getReader() })
    })
    t.equal((await app.inject('/')).statusCode, 503)
  })

  t.test(`${kind}: a Response without a body, and one whose commit fails, are no trouble`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    app.get('/', async request => { loose(request)['a'] = 1; return new Response(null, { status: 204 }) })
    t.equal((await app.inject('/')).statusCode, 204)
    backend.fail('write')
    t.equal((await app.inject('/')).statusCode, 503)
  })

  t.test(`${kind}: a Response that Fastify refuses is refused, before and after a commit that took its time`, async t => {
    const { app, backend, operations } = await createSite(t, { backend: kind })
    app.get('/', async request => {
      loose(request)['a'] = 1
      const response = new Response('read already')
      await response.text()
      return response
    })
    t.equal((await app.inject('/')).statusCode, 500)
    backend.before('write', settled)
    t.equal((await app.inject('/')).statusCode, 500)
    t.strictSame(operations(), ['write', 'write'])
  })

  t.test(`${kind}: a stream that cannot be destroyed is left alone when the commit fails`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.fail('write')
    app.get('/', async (request, reply) => { loose(request)['a'] = 1; return reply.send(legacyStream().payload) })
    t.equal((await app.inject('/')).statusCode, 503)
  })

  t.test(`${kind}: listeners that guarded a stream meanwhile are gone once it is sent`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const gate = new Gate()
    const stream = new Readable({ read () {} })
    backend.before('write', gate.pass)
    app.get('/', async request => { loose(request)['a'] = 1; return stream })
    app.get('/bare', async () => bare)
    const before = stream.listenerCount('error')
    const answer = app.inject('/')
    await gate.reached
    t.equal(stream.listenerCount('error'), before + 1)
    gate.open()
    await settled()
    const during = stream.listenerCount('error')
    stream.push(null)
    t.equal((await answer).statusCode, 200)
    const bare = new Readable({ read () {} })
    const bareAnswer = app.inject('/bare')
    await settled()
    t.equal(during, bare.listenerCount('error'), 'as many as Fastify itself has')
    bare.push(null)
    await bareAnswer
  })
}

/** What is awaited at once, and goes on some microtasks later: in time to meet what the handler awaits itself. */
async function soon (microtasks: number): Promise<void> {
  for (let n = 0; n < microtasks; n++) await null
}

const MICROTASKS = Array.from({ length: 12 }, (_, n) => n)

for (const kind of kinds) {
  for (const [how, answer] of [
    ['returns what send() answers', async (reply, stream) => reply.send(stream)],
    ['returns the reply', async (reply, stream) => { reply.send(stream); return reply }],
    ['awaits the reply', async (reply, stream) => { await reply.send(stream); return reply }]
  ] as Array<[string, (reply: FastifyReply, stream: unknown) => Promise<unknown>]>) {
    t.test(`${kind}: a stream arrives whole where the handler ${how}, however soon the commit is over`, async t => {
      const backend = backendOf(kind)
      let wait = 0
      const write = backend.write.bind(backend)
      // An async function that answers at once is what the store of a small application looks like.
      const quick = Object.assign(backend, { async write (...args: Parameters<typeof write>) { await soon(wait); return write(...args) } })
      const { app } = await createSite(t, { backend: kind === 'memory' ? Object.assign(quick, { bind: () => quick }) : kind })
      app.get('/', async (request, reply) => {
        loose(request)['a'] = 1
        return answer(reply, Readable.from(['whole']))
      })
      for (const microtasks of MICROTASKS) {
        wait = microtasks
        const response = await app.inject('/')
        t.strictSame([response.statusCode, response.body, cookieLines(response).length], [200, 'whole', 1], `${microtasks} microtasks`)
      }
    })

    t.test(`${kind}: the stream of an error handler arrives whole where the handler ${how}, however soon the commit has failed`, async t => {
      const { app, backend } = await createSite(t, { backend: kind })
      app.setErrorHandler((_error, _request, reply) => { reply.send(Readable.from(['sorry'])) })
      app.get('/', async (request, reply) => {
        loose(request)['a'] = 1
        return answer(reply, 'never')
      })
      for (const microtasks of MICROTASKS) {
        backend.before('write', async () => { await soon(microtasks); throw new Error('down') })
        const response = await app.inject('/')
        t.strictSame([response.statusCode, response.body], [503, 'sorry'], `${microtasks} microtasks`)
      }
    })
  }

  t.test(`${kind}: whoever waits for a reply goes on when it has gone out`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    backend.before('write', settled)
    let heard: boolean | undefined
    app.get('/', async (request, reply) => {
      loose(request)['a'] = 1
      await reply.send(Readable.from(['whole']))
      heard = reply.raw.writableEnded
      return reply
    })
    t.equal((await app.inject('/')).body, 'whole')
    await settled()
    t.equal(heard, true)
  })

  t.test(`${kind}: whoever waits for a reply whose commit outlasts the handler's time hears when the answer has gone out`, async t => {
    const { app, backend } = await createSite(t, { backend: kind })
    const gate = new Gate()
    backend.before('write', gate.pass)
    let heard: boolean | undefined
    app.get('/', { handlerTimeout: 20 }, async (request, reply) => {
      loose(request)['a'] = 1
      await reply.send('never')
      heard = reply.raw.writableEnded
      return reply
    })
    t.equal((await app.inject('/')).statusCode, 503)
    await settled()
    t.equal(heard, true)
    gate.open()
    await settled()
  })
}
