import assert from 'node:assert/strict'
import { test } from 'node:test'
import csrf from '@fastify/csrf-protection'
import { Browser, createSite, kinds } from './helpers/site.js'

async function csrfSite (t, kind, sessionPlugin) {
  const app = await createSite(t, { kind })
  await app.register(csrf, { sessionPlugin })
  app.get('/form', async (request, reply) => reply.generateCsrf())
  app.get('/form-with-options', async (request, reply) => reply.generateCsrf({ userInfo: 'ann' }))
  app.post('/form', { preHandler: app.csrfProtection }, async () => 'accepted')
  app.post('/sign-in', async ({ session }) => { await session.login('ann', { _csrf: undefined }) })
  return app
}

for (const kind of kinds) {
  test(`${kind}: '@fastify/session' takes the token of the session, and no other`, async t => {
    const app = await csrfSite(t, kind, '@fastify/session')
    const [browser, stranger] = [new Browser(app), new Browser(app)]
    const { body: token } = await browser.get('/form')
    await stranger.get('/form')
    assert.equal((await browser.post('/form', undefined, { 'csrf-token': token })).statusCode, 200)
    assert.equal((await stranger.post('/form', undefined, { 'csrf-token': token })).statusCode, 403)
    await browser.post('/sign-in')
    assert.equal((await browser.post('/form', undefined, { 'csrf-token': token })).statusCode, 403)
  })

  test(`${kind}: '@fastify/cookie' keeps the secret in a cookie of its own, beside the session's`, async t => {
    const browser = new Browser(await csrfSite(t, kind, '@fastify/cookie'))
    const { body: token } = await browser.get('/form')
    assert.equal((await browser.post('/form', undefined, { 'csrf-token': token })).statusCode, 200)
    await browser.post('/sign-in')
    assert.deepEqual(Object.keys(browser.cookies).sort(), ['__Host-session', '_csrf'])
  })

  test(`${kind}: '@fastify/secure-session' works too, except for the options of a token, which only that package has`, async t => {
    const browser = new Browser(await csrfSite(t, kind, '@fastify/secure-session'))
    const { body: token } = await browser.get('/form')
    assert.equal((await browser.post('/form', undefined, { 'csrf-token': token })).statusCode, 200)
    assert.match((await browser.get('/form-with-options')).json().message, /session\.options is not a function/)
  })
}
