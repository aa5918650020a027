import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import t from 'tap'
import { MemoryBackend, sessions } from '../../lib/index.ts'
import { createSite, kinds } from '../helpers/app.ts'

for (const kind of kinds) {
  t.test(`${kind}: the application signs cookies of its own with the @fastify/cookie that it registered first`, async t => {
    const before = (app: any) => app.register(cookie, { secret: 'a secret for other cookies, not ours' })
    const site = await createSite(t, { backend: kind, before })
    const browser = site.browser()
    await browser.run(({ session }, reply) => {
      session.visits = 1
      reply.setCookie('seen', 'yes', { signed: true })
    })
    t.match(browser.cookies.get('seen'), /^yes\./)
    const read = await browser.run(request => [request.session.visits, request.unsignCookie(request.cookies['seen']!).value])
    t.strictSame(read.json(), [1, 'yes'])
  })
}

t.test('registered afterwards, @fastify/cookie throws the error that the README names', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sessions, { backend: new MemoryBackend() })
  // Called by hand, since Fastify lets the exception end the process.
  t.throws(() => { cookie(app, {}, () => {}) }, {
    code: 'FST_ERR_DEC_ALREADY_PRESENT', message: 'The decorator \'serializeCookie\' has already been added!'
  })
})
