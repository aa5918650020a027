import Fastify from 'fastify'
import t from 'tap'
import { holdReply } from '../../lib/http/hold.ts'
import { presetError } from '../../lib/http/error-reply.ts'
import { MemoryBackend } from '../../lib/index.ts'
import { createApp, createSite } from '../helpers/app.ts'

t.test('a stored session can be saved and destroyed after the head is out; only its cookie stays as it is', async t => {
  const app = await createApp(t, { backend: new MemoryBackend(), cookie: { persistent: true } })
  const left: unknown[] = []
  app.get('/', async (request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200)
    request.session.set('b', 2)
    await request.session.save()
    left.push((await app.sessions.get(request.session.id))?.data)
    await request.session.destroy()
    reply.raw.end('ok')
  })
  const { id, cookie } = await app.sessions.create({ a: 1 })
  const { headers } = await app.inject({ url: '/', headers: { cookie } })
  t.equal(headers['set-cookie'], undefined)
  t.strictSame(left, [{ a: 1, b: 2 }])
  t.equal(await app.sessions.get(id), null)
})

t.test('a cookie of our name without a path is another one and stays', async t => {
  const app = await createApp(t, { backend: new MemoryBackend(), cookie: { name: 's' } })
  app.get('/', async (request, reply) => {
    reply.header('set-cookie', 's=without-path')
    request.session.set('a', 1)
    return 'ok'
  })
  const { headers } = await app.inject('/')
  t.match(headers['set-cookie'], ['s=without-path', /^s=.{43}; Path=\//])
})

t.test('a reply that cannot even be answered with an error is cut off, and nothing is thrown', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/', (_request, reply) => {
    const held = holdReply(reply, undefined)
    reply.send = () => { throw new Error('no way out') }
    held.release(() => { throw new Error('a header that Node refuses') })
  })
  await t.rejects(app.inject('/'))
})

t.test('an error without a status is a 500', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/', async (_request, reply) => {
    presetError(reply, new Error('plain'))
    return 'sent all the same'
  })
  t.equal((await app.inject('/')).statusCode, 500)
})

for (const operation of ['save', 'transaction', 'login', 'regenerate', 'regenerateId'] as const) {
  t.test(`${operation}() that needs a new cookie is refused once the head is out, and nothing is stored`, async t => {
    const app = await createApp(t, { backend: new MemoryBackend() })
    app.get('/', async (request, reply) => {
      const session = request.session as unknown as Record<string, any>
      reply.hijack()
      reply.raw.writeHead(200)
      session['a'] = 1
      await t.rejects(session[operation](operation === 'login' ? 'ann' : operation === 'transaction' ? () => {} : undefined), {
        code: 'SES_NOT_SUPPORTED', message: /A response whose head is out does not support setting the session cookie.*before the response begins/
      })
      reply.raw.end('ok')
    })
    const { headers } = await app.inject('/')
    t.equal(headers['set-cookie'], undefined)
    t.equal(await app.sessions.count(), 0)
  })
}

t.test('save() of a session in its cookie is refused once the head is out, before anything is sealed', async t => {
  const { app, operations } = await createSite(t, { backend: 'cookie' })
  app.get('/', async (request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200)
    request.session.set('a', 1)
    await t.rejects(request.session.save(), { code: 'SES_NOT_SUPPORTED' })
    reply.raw.end('ok')
  })
  await app.inject('/')
  t.strictSame(operations(), [])
})
