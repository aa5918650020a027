// A million requests with a million different cookies, half of them valid: where is the heap afterwards?
// node --expose-gc bench/heap.js [requests]
import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from '../dist/index.js'

const REQUESTS = Number(process.argv[2] ?? 1_000_000)
const WARM_UP = 20_000

const backends = {
  cookie: () => new CookieBackend(),
  'signed cookie': () => new CookieBackend({ mode: 'sign' }),
  memory: () => new MemoryBackend({ maxEntries: 1_000 })
}

function heapBytes () {
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

for (const [name, create] of Object.entries(backends)) {
  const app = Fastify()
  await app.register(sessions, { secret: randomBytes(32), backend: create() })
  app.get('/', async request => String(request.session.visits = (request.session.visits ?? 0) + 1))
  await app.ready()
  let accepted = 0
  const cookieOf = response => response.headers['set-cookie'].split(';')[0]
  const visit = async count => {
    for (let n = 0; n < count; n += 2) {
      const first = await app.inject({ url: '/', headers: { cookie: `__Host-session=${randomBytes(32).toString('base64url')}` } })
      const second = await app.inject({ url: '/', headers: { cookie: cookieOf(first) } })
      if (second.body === '2') accepted++
      // Requests that are injected leave what they hold to the next turn of the event loop.
      await new Promise(resolve => { setImmediate(resolve) })
    }
  }
  await visit(WARM_UP)
  accepted = 0
  const before = heapBytes()
  await visit(REQUESTS)
  const after = heapBytes()
  console.log(`${name}: ${REQUESTS} requests, ${accepted} valid cookies; heap ${(before / 1e6).toFixed(1)} MB before, ${(after / 1e6).toFixed(1)} MB after`)
  await app.close()
}
