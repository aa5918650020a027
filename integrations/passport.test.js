import assert from 'node:assert/strict'
import { test } from 'node:test'
import formbody from '@fastify/formbody'
import { Authenticator } from '@fastify/passport'
import LocalStrategy from 'passport-local'
import OAuth2Strategy from 'passport-oauth2'
import { oauthServer } from './helpers/oauth-server.js'
import { Browser, createSite, kinds, setCookies } from './helpers/site.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** A site with two ways to sign in. */
async function passportSite (t, kind) {
  const provider = await oauthServer(t)
  const passport = new Authenticator()
  passport.use(new LocalStrategy((name, password, done) => {
    if (password === 'correct horse') done(null, { id: name })
    else done(null, false, { type: 'error', message: 'Name or password is wrong' })
  }))
  passport.use('provider', new OAuth2Strategy({
    authorizationURL: `${provider}/authorize`,
    tokenURL: `${provider}/token`,
    clientID: 'shop',
    clientSecret: 'secret of the shop',
    callbackURL: 'https://shop.example/callback',
    state: true,
    pkce: true
  }, (accessToken, refreshToken, profile, done) => done(null, { id: `provider:${accessToken}` })))
  passport.registerUserSerializer(async user => user.id)
  passport.registerUserDeserializer(async id => ({ id }))

  const app = await createSite(t, { kind })
  await app.register(formbody)
  await app.register(passport.initialize())
  await app.register(passport.secureSession())
  const signIn = async request => { await request.session.login(request.user.id) }
  app.post('/sign-in', { preValidation: passport.authenticate('local', { failureRedirect: '/sign-in', failureFlash: true }) }, signIn)
  app.get('/sign-in', async (request, reply) => reply.flash('error'))
  app.get('/provider', { preValidation: passport.authenticate('provider') }, async () => {})
  app.get('/callback', { preValidation: passport.authenticate('provider', { authInfo: false }) }, signIn)
  app.get('/me', { config: { session: { required: 'subject' } } }, async request => [request.user.id, request.session.subject])
  app.get('/id', async request => { request.session.guest = true; return request.session.id })
  return app
}

/** Walks from the shop to the provider, and returns the address to which the provider sends the browser back. */
async function askProvider (browser) {
  const { headers, statusCode } = await browser.get('/provider')
  assert.equal(statusCode, 302)
  const answer = await fetch(headers.location, { redirect: 'manual' })
  const { pathname, search } = new URL(answer.headers.get('location'))
  return `${pathname}${search}`
}

for (const kind of kinds) {
  test(`${kind}: passport-local signs in under a new id, and says why it does not`, async t => {
    const browser = new Browser(await passportSite(t, kind))
    const { body: before } = await browser.get('/id')
    const failed = await browser.post('/sign-in', 'username=ann&password=wrong', FORM)
    assert.equal(failed.headers.location, '/sign-in')
    assert.deepEqual((await browser.get('/sign-in')).json(), ['Name or password is wrong'])
    const answer = await browser.post('/sign-in', 'username=ann&password=correct+horse', FORM)
    assert.equal(setCookies(answer).length, 1)
    assert.deepEqual((await browser.get('/me')).json(), ['ann', 'ann'])
    assert.notEqual((await browser.get('/id')).body, before)
  })

  test(`${kind}: an OAuth 2 provider sends the browser back with the state and the PKCE verifier of its session`, async t => {
    const browser = new Browser(await passportSite(t, kind))
    const back = await askProvider(browser)
    const answer = await browser.get(back)
    assert.equal(answer.statusCode, 200, answer.body)
    assert.deepEqual((await browser.get('/me')).json(), ['provider:token', 'provider:token'])
  })

  test(`${kind}: whoever has no such session, or a different state, is not signed in`, async t => {
    const app = await passportSite(t, kind)
    const browser = new Browser(app)
    const back = await askProvider(browser)
    const stranger = new Browser(app)
    assert.equal((await stranger.get(back)).statusCode, 403)
    assert.equal((await stranger.get('/me')).statusCode, 401)
    assert.equal((await browser.get(back.replace(/state=[^&]+/, 'state=forged'))).statusCode, 403)
    assert.equal((await browser.get('/me')).statusCode, 401)
  })
}
