import assert from 'node:assert/strict'
import { test } from 'node:test'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import { Browser } from './helpers/site.js'

test('sessions registered by a file of plugins/ are there in each folder of routes/, and in autohooks', async t => {
  const app = Fastify()
  t.after(() => app.close())
  const folder = name => new URL(`fixtures/autoload/${name}`, import.meta.url).pathname
  await app.register(autoload, { dir: folder('plugins') })
  await app.register(autoload, { dir: folder('routes'), autoHooks: true })
  const browser = new Browser(app)
  assert.equal((await browser.get('/account')).statusCode, 401)
  await browser.get('/public')
  await browser.post('/public/sign-in')
  assert.equal((await browser.get('/account')).body, 'ann')
  const { sessions } = await app.sessions.list()
  assert.deepEqual(sessions.map(({ subject, data }) => [subject, data]), [['ann', { visits: 1 }]])
})
