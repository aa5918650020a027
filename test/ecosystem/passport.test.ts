import { Authenticator, Strategy } from '@fastify/passport'
import t from 'tap'
import { createSite, kinds, type SiteOptions } from '../helpers/app.ts'

class HeaderStrategy extends Strategy {
  constructor () { super('header') }

  override authenticate (request: any): void {
    const user = request.headers['x-user'] ?? request.query.user
    if (user === undefined) return this.fail('who are you?', 401)
    this.success({ id: user })
  }
}

async function passportSite (t: any, options: SiteOptions, passportOptions: object = {}) {
  const passport = new Authenticator(passportOptions)
  passport.use(new HeaderStrategy())
  passport.registerUserSerializer(async (user: any) => user.id)
  passport.registerUserDeserializer(async (id: string) => ({ id, isKnown: true }))
  const site = await createSite(t, options)
  await site.app.register(passport.initialize())
  await site.app.register(passport.secureSession())
  return site
}

for (const kind of kinds) {
  t.test(`@fastify/passport with the ${kind} backend`, async t => {
    t.test('signs in under a new id and out again', async t => {
      const browser = (await passportSite(t, { backend: kind })).browser()
      const before = (await browser.run(({ session }) => { session.guest = true; return session.id })).body
      const thief = browser.copy()
      const after = (await browser.run(async (request: any) => { await request.logIn({ id: 'ann' }); return request.session.id })).body
      t.not(after, before)
      t.strictSame((await browser.run((request: any) => request.user)).json(), { id: 'ann', isKnown: true })
      if (kind === 'memory') t.equal((await thief.run(({ session }) => session.isNew)).body, 'true')
      await browser.run(async (request: any) => { await request.logOut() })
      t.equal((await browser.run((request: any) => request.isAuthenticated())).body, 'false')
    })

    t.test('drops what a guest had, unless it is asked to keep it', async t => {
      for (const keepSessionInfo of [false, true]) {
        const browser = (await passportSite(t, { backend: kind })).browser()
        await browser.run(({ session }) => { session.basket = [1] })
        await browser.run((request: any) => request.logIn({ id: 'ann' }, { keepSessionInfo }))
        const { basket } = await browser.data()
        t.strictSame(basket, keepSessionInfo ? [1] : undefined)
      }
    })

    t.test('keeps session and data where clearSessionOnLogin is off', async t => {
      const browser = (await passportSite(t, { backend: kind }, { clearSessionOnLogin: false })).browser()
      await browser.run(({ session }) => { session.basket = [1] })
      await browser.run((request: any) => request.logIn({ id: 'ann' }))
      t.strictSame((await browser.data())['basket'], [1])
      t.equal((await browser.run((request: any) => request.user.id)).body, 'ann')
    })

    t.test('keeps the fields it is told to', async t => {
      const browser = (await passportSite(t, { backend: kind }, { clearSessionIgnoreFields: ['kept'] })).browser()
      await browser.run(({ session }) => { session.kept = 1; session.dropped = 1 })
      await browser.run((request: any) => request.logIn({ id: 'ann' }))
      const data = await browser.data()
      t.strictSame([data['kept'], data['dropped']], [1, undefined])
    })

    t.test('a lifetime that a guest was given before logIn() is that of the user', async t => {
      const browser = (await passportSite(t, { backend: kind })).browser()
      const { headers } = await browser.run(async (request: any) => {
        request.session.setLifetime({ idleTimeout: '60d', absoluteTimeout: '90d', persistent: true })
        await request.logIn({ id: 'ann' })
      })
      t.match(headers['set-cookie'], `Max-Age=${60 * 86_400}`)
    })

    t.test('login() after logIn() keeps the user, and says whose session it is', async t => {
      const site = await passportSite(t, { backend: kind })
      const browser = site.browser()
      await browser.run(async (request: any) => {
        await request.logIn({ id: 'ann' })
        await request.session.login('ann')
      })
      t.equal((await browser.run((request: any) => request.user.id, '/signed-in')).body, 'ann')
      if (kind === 'cookie') return
      await site.app.sessions.revokeSubject('ann')
      t.equal((await browser.attempt(() => 'never', '/signed-in')).statusCode, 401)
    })
  })
}

t.test('a strategy signs in through its route, and a stranger is turned away', async t => {
  const passport = new Authenticator()
  passport.use(new HeaderStrategy())
  passport.registerUserSerializer(async (user: any) => user.id)
  passport.registerUserDeserializer(async (id: string) => ({ id }))
  const site = await createSite(t)
  await site.app.register(passport.initialize())
  await site.app.register(passport.secureSession())
  site.app.get('/login', { preValidation: passport.authenticate('header', { authInfo: false }) }, async ({ user }) => user)
  const browser = site.browser()
  t.equal((await site.app.inject('/login')).statusCode, 401)
  const response = await site.app.inject({ url: '/login', query: { user: 'ann' } })
  t.strictSame([response.statusCode, response.json()], [200, { id: 'ann' }])
  for (const { name, value } of response.cookies) browser.cookies.set(name, value)
  t.equal((await browser.run((request: any) => request.user.id)).body, 'ann')
})
