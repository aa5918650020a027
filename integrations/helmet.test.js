import assert from 'node:assert/strict'
import { test } from 'node:test'
import helmet from '@fastify/helmet'
import { addAccount, Browser, createSite, setCookies } from './helpers/site.js'

test('its headers and ours are on each answer, also on those that we refuse', async t => {
  // First, so that its headers are on what we refuse as well.
  const app = await createSite(t, { before: app => app.register(helmet) })
  await addAccount(app)
  const browser = new Browser(app)
  const refused = await browser.get('/me')
  assert.equal(refused.statusCode, 401)
  assert.match(refused.headers['content-security-policy'], /default-src/)
  const signedIn = await browser.post('/sign-in/ann')
  assert.equal(setCookies(signedIn).length, 1)
  assert.match(signedIn.headers['strict-transport-security'], /max-age/)
  const { body, headers } = await browser.get('/me')
  assert.equal(body, 'ann')
  assert.deepEqual([headers['cache-control'], headers.vary, headers['x-content-type-options']], ['private, no-store', 'Cookie', 'nosniff'])
})
