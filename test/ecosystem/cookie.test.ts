import cookie from '@fastify/cookie'
import t from 'tap'
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
