import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBackend } from 'fastsessions'
import { FaultyBackend } from 'fastsessions/testing'
import { build } from './apps/prometheus.js'
import { addAccount, Browser } from './helpers/site.js'

async function open (t) {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await build(backend)
  t.after(() => app.close())
  await addAccount(app)
  const scrape = async () => {
    const { body, headers } = await app.inject('/metrics')
    assert.match(headers['content-type'], /^text\/plain/)
    return line => Number(body.split('\n').find(text => text.startsWith(`${line} `))?.split(' ').at(-1))
  }
  return { app, backend, scrape }
}

test('sign-ins, sign-outs and loads are counted once, however often somebody asks', async t => {
  const { app, scrape } = await open(t)
  for (const name of ['ann', 'bob']) {
    const browser = new Browser(app)
    await browser.post(`/sign-in/${name}`)
    await browser.get('/me')
    if (name === 'bob') await browser.post('/sign-out')
  }
  await scrape()
  const valueOf = await scrape()
  assert.equal(valueOf('sessions_total{what="created"}'), 2)
  assert.equal(valueOf('sessions_total{what="loads"}'), 3)
  assert.deepEqual([valueOf('sessions_ended_total{cause="logout"}'), valueOf('sessions_ended_total{cause="revoke"}')], [1, 0])
})

test('calls of the store are timed by their method, at once or later, answered or failed', async t => {
  const { app, backend, scrape } = await open(t)
  const browser = new Browser(app)
  await browser.post('/sign-in/ann')
  await browser.get('/me')
  backend.before('read', async () => {})
  await browser.get('/me')
  backend.fail('read')
  assert.equal((await browser.get('/me')).statusCode, 503)
  const valueOf = await scrape()
  const countOf = (operation, outcome) => valueOf(`session_backend_seconds_count{operation="${operation}",outcome="${outcome}"}`)
  assert.equal(countOf('read', 'failed'), 1)
  assert.ok(countOf('read', 'answered') >= 2 && countOf('write', 'answered') >= 1)
  assert.equal(valueOf('sessions_total{what="unavailable"}'), 1)
})
