import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import cookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from '../dist/index.js'

const secret = randomBytes(32).toString('base64url')
const require = createRequire(import.meta.url)

/** About 200 bytes, as JSON. */
export const payload = {
  user: { id: 4711, name: 'Ada Lovelace', email: 'ada@example.com', roles: ['editor', 'author'] },
  basket: [{ sku: 'tea-100', count: 2 }, { sku: 'honey-1', count: 1 }],
  theme: 'dark',
  csrf: 'kP3bT9wZq1xR7vYc'
}

const bag = { read: session => session.user.name, write: (session, n) => { session.n = n } }
const methods = { read: session => session.get('user').name, write: (session, n) => { session.set('n', n) } }

/** Who takes part. Each registers what it needs, and says how its session is read and written. */
export const contestants = {
  'fastify + cookie (base)': { register: app => app.register(cookie) },
  'fastsessions, cookie': { ...bag, register: app => app.register(sessions, { secret, backend: new CookieBackend(), cookie: { secure: false } }) },
  'fastsessions, memory': { ...bag, register: app => app.register(sessions, { backend: new MemoryBackend(), cookie: { secure: false } }) },
  '@fastify/secure-session': {
    ...methods,
    register: app => app.register(secureSession, { key: randomBytes(32), cookie: { path: '/', httpOnly: true, secure: false } })
  },
  '@fastify/session, memory, lean': {
    ...bag,
    register: async app => {
      await app.register(cookie)
      await app.register(fastifySession, { secret, cookie: { secure: false }, saveUninitialized: false, rolling: false })
    }
  },
  '@fastify/session, memory, defaults': {
    ...bag,
    register: async app => {
      await app.register(cookie)
      await app.register(fastifySession, { secret, cookie: { secure: false } })
    }
  }
}

export async function createApp (name) {
  const { register, read, write } = contestants[name]
  const app = Fastify()
  await register(app)
  let n = 0
  app.get('/untouched', async () => 'ok')
  if (read === undefined) return app
  app.get('/login', async request => {
    for (const [key, value] of Object.entries(payload)) {
      if (write === bag.write) request.session[key] = value
      else request.session.set(key, value)
    }
    return 'ok'
  })
  app.get('/read', async request => read(request.session))
  app.get('/write', async request => {
    write(request.session, ++n)
    return 'ok'
  })
  return app
}

export function versions () {
  const versionOf = name => require(`${name}/package.json`).version
  return Object.fromEntries(['fastify', '@fastify/cookie', '@fastify/session', '@fastify/secure-session'].map(name => [name, versionOf(name)]))
}
