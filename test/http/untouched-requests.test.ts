import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { createSite, kinds, signedUp } from '../helpers/app.ts'

const answers = ['/json', '/text', '/error', '/stream', '/redirect', '/empty', '/not-modified', '/cookie', '/vary', '/nowhere']

function routes (app: FastifyInstance): void {
  app.get('/json', async () => ({ a: 1 }))
  app.get('/text', (_request, reply) => { reply.type('text/plain').send('text') })
  app.get('/error', async () => { throw Object.assign(new Error('no'), { statusCode: 418 }) })
  app.get('/stream', (_request, reply) => { reply.send(Readable.from(['a', 'b'])) })
  app.get('/redirect', (_request, reply) => { reply.redirect('/json') })
  app.get('/empty', (_request, reply) => { reply.code(204).send() })
  app.get('/not-modified', (_request, reply) => { reply.code(304).header('etag', '"1"').send() })
  app.get('/cookie', (_request, reply) => { reply.header('set-cookie', ['a=1', 'b=2']).send('ok') })
  app.get('/vary', (_request, reply) => { reply.header('vary', 'Accept').header('cache-control', 'public, max-age=60').send('ok') })
}

for (const kind of kinds) {
  t.test(`${kind}: a request that does not touch the session is answered as without the plugin`, async t => {
    const site = await createSite(t, { backend: kind })
    const bare = Fastify()
    t.teardown(() => bare.close())
    routes(site.app)
    routes(bare)
    const cookie = await signedUp(site)
    for (const method of ['GET', 'HEAD'] as const) {
      for (const url of answers) {
        for (const headers of [{ cookie }, { cookie: '__Host-session=forged' }, {}]) {
          const [ours, theirs] = await Promise.all([site.app, bare].map(app => app.inject({ method, url, headers })))
          t.equal(ours!.payload, theirs!.payload, `${method} ${url}`)
          // The names as they are written, in their order; only the clock of the head differs.
          const headOf = ({ raw, statusCode }: typeof ours & object) => [statusCode, raw.res.statusMessage, Object.entries(raw.res.getHeaders()).filter(([name]) => name !== 'date')]
          t.strictSame(headOf(ours!), headOf(theirs!), `${method} ${url}`)
        }
      }
    }
  })

  t.test(`${kind}: it costs the backend ${kind === 'cookie' ? 'nothing' : 'nothing but the autoload read'}`, async t => {
    const site = await createSite(t, { backend: kind })
    routes(site.app)
    const cookie = await signedUp(site)
    site.operations()
    for (const url of answers) {
      await site.app.inject({ url, headers: { cookie } })
      t.strictSame(site.operations(), kind === 'cookie' ? [] : ['read'], url)
    }
    t.equal((await site.app.inject('/json')).statusCode, 200)
    t.strictSame(site.operations(), [], 'and without a cookie nothing at all')
  })

  t.test(`${kind}: with autoload off it costs the backend nothing at all`, async t => {
    const site = await createSite(t, { backend: kind, autoload: false })
    routes(site.app)
    const cookie = await signedUp(site)
    site.operations()
    await site.app.inject({ url: '/json', headers: { cookie } })
    t.strictSame(site.operations(), [])
  })
}

t.test('a cookie session is not even opened: no event says that it was loaded or refused', async t => {
  const site = await createSite(t, { backend: 'cookie' })
  routes(site.app)
  const cookie = await signedUp(site)
  site.events.length = 0
  for (const sent of [cookie, '__Host-session=forged']) await site.app.inject({ url: '/json', headers: { cookie: sent } })
  t.strictSame(site.events, [])
})
