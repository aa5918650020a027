// An admin panel as the readme of @adminjs/fastify builds it. The provider is there for the route that renews tokens, which writes
// to the session.
import { buildAuthenticatedRouter } from '@adminjs/fastify'
import AdminJS, { ComponentLoader, DefaultAuthProvider } from 'adminjs'
import Fastify from 'fastify'

class Provider extends DefaultAuthProvider {
  async handleRefreshToken ({ data: { token } }) { return { token } }
}

export async function create () {
  const componentLoader = new ComponentLoader()
  const authenticate = async ({ email, password }) => password === 'correct horse' ? { email, role: 'editor' } : null
  const provider = new Provider({ componentLoader, authenticate })
  const admin = new AdminJS({ componentLoader, rootPath: '/admin', pages: { notes: { handler: async () => ({ notes: [] }) } } })
  const app = Fastify()
  const cookiePassword = 'a password of the cookie, 32 characters or more'
  await buildAuthenticatedRouter(admin, { provider, cookieName: 'adminjs', cookiePassword }, app, {
    saveUninitialized: false,
    cookie: { httpOnly: true, secure: false, sameSite: 'lax', maxAge: 86_400_000 }
  })
  return app
}
