import assert from 'node:assert/strict'
import { test } from 'node:test'
import cors from '@fastify/cors'
import { addAccount, Browser, createSite, setCookies } from './helpers/site.js'

test('another origin may use the session, its preflights need none, and Vary names both', async t => {
  // First, so that its headers are on what we refuse as well.
  const before = app => app.register(cors, { origin: ['https://app.example'], credentials: true })
  const app = await createSite(t, { before, cookie: { sameSite: 'none' } })
  await addAccount(app)
  const browser = new Browser(app)
  const origin = 'https://app.example'
  const preflight = await app.inject({ method: 'OPTIONS', url: '/me', headers: { origin, 'access-control-request-method': 'GET' } })
  assert.deepEqual([preflight.statusCode, setCookies(preflight)], [204, []])
  const signedIn = await browser.post('/sign-in/ann', undefined, { origin })
  assert.match(setCookies(signedIn)[0], /SameSite=None/)
  assert.equal(signedIn.headers['access-control-allow-credentials'], 'true')
  const { body, headers } = await browser.get('/me', { origin })
  assert.deepEqual([body, headers['access-control-allow-origin']], ['ann', origin])
  assert.deepEqual(headers.vary.split(/, */).sort(), ['Cookie', 'Origin'])
  const refused = await new Browser(app).get('/me', { origin })
  assert.deepEqual([refused.statusCode, refused.headers['access-control-allow-origin']], [401, origin], 'a script can read the 401')
})
