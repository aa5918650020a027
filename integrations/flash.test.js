import assert from 'node:assert/strict'
import { test } from 'node:test'
import flash from '@fastify/flash'
import { Browser, createSite, kinds } from './helpers/site.js'

for (const kind of kinds) {
  test(`${kind}: a message survives a redirect, is shown once, and is nobody else's`, async t => {
    const app = await createSite(t, { kind })
    await app.register(flash)
    app.post('/save', async (request, reply) => {
      request.flash('info', 'saved')
      return await reply.redirect('/', 303)
    })
    app.get('/', async (request, reply) => reply.flash('info'))
    const [browser, stranger] = [new Browser(app), new Browser(app)]
    assert.equal((await browser.post('/save')).headers.location, '/')
    assert.deepEqual((await stranger.get('/')).json(), [])
    assert.deepEqual((await browser.get('/')).json(), ['saved'])
    assert.deepEqual((await browser.get('/')).json(), [])
  })
}
