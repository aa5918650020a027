import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastifyStatic from '@fastify/static'
import { addAccount, Browser, createSite, kinds, setCookies } from './helpers/site.js'

const CSS = 'body { color: green }\n'
const root = new URL('fixtures/static', import.meta.url).pathname

for (const kind of kinds) {
  test(`${kind}: a file leaves the session alone: no cookie, no Vary, 304 as without us, and ranges`, async t => {
    const app = await createSite(t, { kind, cookie: { persistent: true }, renewAfter: 0 })
    await addAccount(app)
    await app.register(fastifyStatic, { root, prefix: '/assets/' })
    const browser = new Browser(app)
    await browser.post('/sign-in/ann')
    const whole = await browser.get('/assets/style.css')
    assert.deepEqual([whole.body, setCookies(whole), whole.headers.vary], [CSS, [], undefined])
    assert.match(whole.headers['cache-control'], /^public/)
    const again = await browser.get('/assets/style.css', { 'if-none-match': whole.headers.etag })
    assert.deepEqual([again.statusCode, again.body, setCookies(again)], [304, '', []])
    const part = await browser.get('/assets/style.css', { range: 'bytes=0-3' })
    assert.deepEqual([part.statusCode, part.body], [206, 'body'])
  })

  test(`${kind}: files for those who are signed in, by a hook in their scope, which a 304 does not pass by`, async t => {
    const app = await createSite(t, { kind })
    await addAccount(app)
    await app.register(async scope => {
      scope.addHook('onRequest', async ({ session }, reply) => {
        if (session.subject === null) return await reply.code(401).send()
        session.files = (session.files ?? 0) + 1
      })
      await scope.register(fastifyStatic, { root, prefix: '/private/', cacheControl: false })
    })
    const browser = new Browser(app)
    assert.equal((await browser.get('/private/style.css')).statusCode, 401)
    await browser.post('/sign-in/ann')
    const whole = await browser.get('/private/style.css')
    assert.deepEqual([whole.body, whole.headers.vary], [CSS, 'Cookie'])
    assert.match(whole.headers['cache-control'], /no-store/)
    const again = await browser.get('/private/style.css', { 'if-none-match': whole.headers.etag })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
    assert.equal((await new Browser(app).get('/private/style.css', { 'if-none-match': whole.headers.etag })).statusCode, 401)
  })
}
