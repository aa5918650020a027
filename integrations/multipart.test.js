import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import multipart from '@fastify/multipart'
import { addAccount, Browser, createSite, kinds } from './helpers/site.js'

const FILE = Buffer.alloc(300_000, 'photo')

/** The body of a form with one file, as a browser sends it. */
async function upload (browser, url) {
  const form = new FormData()
  form.set('photo', new Blob([FILE]), 'photo.bin')
  const request = new Request('http://shop.example', { method: 'POST', body: form })
  return await browser.post(url, Buffer.from(await request.arrayBuffer()), { 'content-type': request.headers.get('content-type') })
}

for (const kind of kinds) {
  test(`${kind}: a file arrives whole after the session was loaded, and what is known of it at its end is saved`, async t => {
    const app = await createSite(t, { kind })
    await addAccount(app)
    await app.register(multipart)
    app.post('/photo', { config: { session: { required: 'subject' } } }, async request => {
      const { file, filename } = await request.file()
      const hash = createHash('sha256')
      for await (const chunk of file) hash.update(chunk)
      request.session.photo = { filename, hash: hash.digest('hex') }
    })
    app.get('/photo', async ({ session }) => session.photo)
    const browser = new Browser(app)
    assert.equal((await upload(browser, '/photo')).statusCode, 401)
    await browser.post('/sign-in/ann')
    assert.equal((await upload(browser, '/photo')).statusCode, 200)
    const hash = createHash('sha256').update(FILE).digest('hex')
    assert.deepEqual((await browser.get('/photo')).json(), { filename: 'photo.bin', hash })
  })

  test(`${kind}: a file above the limit is a 413, and leaves the session as it was`, async t => {
    const app = await createSite(t, { kind })
    await addAccount(app)
    await app.register(multipart, { limits: { fileSize: 1000 } })
    app.post('/photo', async request => {
      const data = await request.file()
      await data.toBuffer()
      request.session.photo = data.filename
    })
    const browser = new Browser(app)
    await browser.post('/sign-in/ann')
    assert.equal((await upload(browser, '/photo')).statusCode, 413)
    assert.equal((await browser.get('/me')).body, 'ann')
  })
}
