import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from 'fastsessions'

/** A server-side backend and the self-contained one, for what could differ between them. */
export const kinds = ['memory', 'cookie']

function backendOf (kind) {
  return kind === 'cookie' ? new CookieBackend() : new MemoryBackend()
}

/** An application with sessions, which the test closes. */
export async function createSite (t, { kind = 'memory', backend = backendOf(kind), before, fastify, ...options } = {}) {
  const app = Fastify(fastify)
  t.after(() => app.close())
  await before?.(app)
  await app.register(sessions, { backend, secret: 's'.repeat(32), ...options })
  return app
}

/** The routes of a site where people sign in, look who they are, and sign out. */
export async function addAccount (app) {
  app.post('/sign-in/:name', async request => { await request.session.login(request.params.name) })
  app.get('/me', { config: { session: { required: 'subject' } } }, async request => request.session.subject)
  app.post('/sign-out', async request => { await request.session.destroy() })
}

/** Keeps the cookies of the answers, and sends them. */
export class Browser {
  cookies = {}
  #app

  constructor (app) {
    this.#app = app
  }

  get header () {
    return Object.entries(this.cookies).map(([name, value]) => `${name}=${value}`).join('; ')
  }

  get (url, headers = {}) {
    return this.send({ url, headers })
  }

  post (url, payload, headers = {}) {
    return this.send({ method: 'POST', url, payload, headers })
  }

  async send (request) {
    const response = await this.#app.inject({ ...request, headers: { cookie: this.header, ...request.headers } })
    for (const { name, value } of response.cookies) {
      if (value === '') delete this.cookies[name]
      else this.cookies[name] = value
    }
    return response
  }
}

/** The `Set-Cookie` lines of an answer of `inject`. */
export function setCookies ({ headers }) {
  return [headers['set-cookie'] ?? []].flat()
}
