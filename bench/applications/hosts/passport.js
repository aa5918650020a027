// A form to sign in, as the readme of @fastify/passport has it, over @fastify/secure-session.
import formbody from '@fastify/formbody'
import { Authenticator } from '@fastify/passport'
import sessions from '@fastify/secure-session'
import Fastify from 'fastify'
import { Strategy } from 'passport-local'

export async function create () {
  const app = Fastify()
  const passport = new Authenticator()
  passport.use(new Strategy((name, password, done) => {
    if (password === 'correct horse') done(null, { name })
    else done(null, false, { type: 'error', message: 'Name or password is wrong' })
  }))
  passport.registerUserSerializer(async ({ name }) => name)
  passport.registerUserDeserializer(async name => ({ name }))

  await app.register(formbody)
  await app.register(sessions, {
    key: Buffer.alloc(32, 'only for this benchmark'),
    expiry: 86_400,
    cookie: { path: '/', httpOnly: true, secure: false, sameSite: 'lax' }
  })
  await app.register(passport.initialize())
  await app.register(passport.secureSession())

  const local = passport.authenticate('local', { successRedirect: '/me', failureRedirect: '/sign-in', failureFlash: true })
  app.get('/sign-in', async (request, reply) => ({ errors: reply.flash('error') }))
  app.post('/sign-in', { preValidation: local }, async () => {})
  app.get('/me', async (request, reply) => {
    if (request.user === null) return reply.redirect('/sign-in')
    return { user: request.user, colour: request.session.get('colour') }
  })
  app.post('/colour', async (request, reply) => {
    request.session.set('colour', request.body.colour)
    return reply.redirect('/me')
  })
  app.post('/sign-out', async (request, reply) => {
    await request.logOut()
    return reply.redirect('/sign-in')
  })
  return app
}
