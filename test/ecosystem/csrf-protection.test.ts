import csrf from '@fastify/csrf-protection'
import t, { type Test } from 'tap'
import { createSite, type Kind, kinds } from '../helpers/app.ts'
import type { Job } from '../helpers/browser.ts'

async function protectedSite (t: Test, kind: Kind) {
  const site = await createSite(t, { backend: kind })
  await site.app.register(csrf, { sessionPlugin: '@fastify/session' })
  site.app.post('/form', { preHandler: site.app.csrfProtection }, async () => 'accepted')
  return site
}

for (const kind of kinds) {
  t.test(`@fastify/csrf-protection with the ${kind} backend`, async t => {
    const site = await protectedSite(t, kind)
    const browser = site.browser()
    const token = (await browser.run((_request, reply: any) => reply.generateCsrf())).body
    const post = async (cookie: string, token: string) =>
      (await site.app.inject({ method: 'POST', url: '/form', headers: { cookie, 'csrf-token': token } })).statusCode

    t.equal(await post(browser.header, token), 200, 'accepts the token of the session')
    t.equal(await post(browser.header, 'forged'), 403, 'refuses another one')
    const stranger = site.browser()
    await stranger.run((_request, reply: any) => reply.generateCsrf())
    t.equal(await post(stranger.header, token), 403, 'refuses the token of another session')
    t.equal(await post('', token), 403, 'refuses a token without a session')
  })
}

t.test('a CSRF token from before a regeneration, or a login that drops the secret, is refused', async t => {
  for (const kind of kinds) {
    const site = await protectedSite(t, kind)
    /** The status of a request with the token of a guest, after this job. */
    const after = async (job: Job) => {
      const browser = site.browser()
      const token = (await browser.run((_request, reply: any) => reply.generateCsrf())).body
      await browser.run(async request => { await job(request, null as never) })
      return (await site.app.inject({ method: 'POST', url: '/form', headers: { cookie: browser.header, 'csrf-token': token } })).statusCode
    }
    t.equal(await after(({ session }) => session.regenerate()), 403)
    t.equal(await after(({ session }) => session.login('ada', { _csrf: undefined })), 403)
    t.equal(await after(({ session }) => session.destroy()), 403)
    // login() keeps all data, the CSRF secret too: the documentation warns of that.
    t.equal(await after(({ session }) => session.login('ada')), 200)
  }
})
