import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from './dist/nestjs.js'
import { ModuleWithMiddleware, seenByMiddleware } from './dist/nestjs-middleware.js'
import { Browser, setCookies } from './helpers/site.js'

async function open (t, module) {
  const app = await build(module)
  t.after(() => app.close())
  return new Browser(app.getHttpAdapter().getInstance())
}

test('@Session() is our session, in a controller that signs in and out', async t => {
  const browser = await open(t)
  assert.equal(setCookies(await browser.post('/sign-in/ann')).length, 1)
  assert.equal((await browser.get('/me')).body, 'ann')
  await browser.post('/sign-out')
  assert.deepEqual(browser.cookies, {})
})

test('a guard and @RouteConfig refuse strangers', async t => {
  const browser = await open(t)
  assert.deepEqual([(await browser.get('/me')).statusCode, (await browser.get('/orders')).statusCode], [401, 401])
  await browser.post('/sign-in/ann')
  assert.deepEqual([(await browser.get('/me')).body, (await browser.get('/orders')).body], ['ann', 'orders of ann'])
})

test('middleware of Nest gets the raw request, which has no session', async t => {
  const browser = await open(t, ModuleWithMiddleware)
  await browser.post('/sign-in/ann')
  await browser.get('/me')
  assert.deepEqual(seenByMiddleware, [false, false])
})
