import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { appWith, show, store } from '../helpers/config.ts'

// Real timers, as short as possible: no test of this file waits for more than 20 ms.
const timeout = 0.02

t.test('a load that hangs ends in a 503 with Retry-After, and nothing is cleared', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend, timeout })
  const cookie = await store(app, { a: 1 })
  const response = await show(app, (backend.hang('read'), cookie))
  t.equal(response.statusCode, 503)
  t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE', message: 'Sessions are unavailable for the moment' })
  t.equal(response.headers['retry-after'], '5')
  t.equal(response.headers['set-cookie'], undefined)
  backend.heal()
  t.strictSame((await show(app, cookie)).json(), { a: 1 })
})

t.test('where the route says so, it is an empty session instead', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend, timeout, onUnavailable: 'anonymous' })
  const cookie = await store(app, { a: 1 })
  backend.hang('read')
  const response = await show(app, cookie)
  t.strictSame([response.statusCode, response.json(), response.headers['set-cookie']], [200, {}, undefined])
})

t.test('a commit that hangs ends in a 503 without a cookie', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend, timeout })
  backend.hang('write')
  const response = await app.inject({ method: 'POST', url: '/', payload: { a: 1 } })
  t.equal(response.statusCode, 503)
  t.equal(response.headers['set-cookie'], undefined)
})

t.test('a request behind a hanging commit of its session is not held up for longer either', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend, timeout })
  const cookie = await store(app, { a: 1 })
  backend.hang('write')
  const write = () => app.inject({ method: 'POST', url: '/', payload: { b: 1 }, headers: { cookie } })
  const responses = await Promise.all([write(), write(), write()])
  t.strictSame(responses.map(({ statusCode }) => statusCode), [503, 503, 503])
  backend.heal()
  t.equal((await write()).statusCode, 200, 'and the queue is not stuck')
})
