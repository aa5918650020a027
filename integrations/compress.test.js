import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import { Browser, createSite, kinds, setCookies } from './helpers/site.js'

const PAGE = 'a long page '.repeat(20_000)

for (const kind of kinds) {
  test(`${kind}: a compressed text or stream is whole, carries the cookie, and Vary names both reasons`, async t => {
    const app = await createSite(t, { kind })
    await app.register(compress)
    app.get('/text', async ({ session }, reply) => {
      session.visits = (session.visits ?? 0) + 1
      return await reply.type('text/plain').send(PAGE)
    })
    app.get('/stream', async ({ session }, reply) => {
      session.visits = (session.visits ?? 0) + 1
      return await reply.type('text/plain').send(Readable.from([PAGE]))
    })
    app.get('/visits', async ({ session }) => session.visits)
    for (const url of ['/text', '/stream']) {
      const browser = new Browser(app)
      const answer = await browser.get(url, { 'accept-encoding': 'gzip' })
      assert.equal(answer.headers['content-encoding'], 'gzip', url)
      assert.equal(gunzipSync(answer.rawPayload).toString(), PAGE)
      assert.equal(setCookies(answer).length, 1)
      assert.deepEqual(answer.headers.vary.toLowerCase().split(/, */).sort(), ['accept-encoding', 'cookie'])
      assert.equal((await browser.get('/visits')).body, '1')
    }
  })
}
