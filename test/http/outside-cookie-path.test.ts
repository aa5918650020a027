import t from 'tap'
import { createSite, kinds, loose, type SiteOptions } from '../helpers/app.ts'

const options: SiteOptions = { cookie: { name: 'sid', secure: false, path: '/admin' } }
/** URLs that are not within /admin as browsers see it. */
const OUTSIDE = ['/shop', '/', '/administrator', '/Admin', '/shop?next=/admin/']
const INSIDE = ['/admin', '/admin/', '/admin/users', '/admin?tab=1']

for (const kind of kinds) {
  t.test(`with the ${kind} backend, a request outside the cookie's path has an empty session that is never stored`, async t => {
    const site = await createSite(t, { ...options, backend: kind })
    site.app.all('/*', async request => {
      const before = loose(request).data()
      loose(request)['visits'] = 1
      return before
    })
    const { cookie } = await site.app.sessions.create({ user: 'ann' } as never)
    for (const url of OUTSIDE) {
      for (const headers of [{}, { cookie }]) {
        const response = await site.app.inject({ url, headers })
        t.equal(response.statusCode, 200)
        t.strictSame([response.json(), response.headers['set-cookie']], [{}, undefined], url)
      }
    }
    t.equal(site.warnings().length, 1)
    t.match(site.warnings(), [/are dropped: browsers send its cookie to \/admin only.*\(/])
    for (const url of INSIDE) t.strictSame((await site.app.inject({ url, headers: { cookie } })).json().user, 'ann', url)
  })

  t.test(`with the ${kind} backend, what must be stored is refused there`, async t => {
    const site = await createSite(t, { ...options, backend: kind })
    const refused = { code: 'SES_NOT_SUPPORTED', message: /outside `cookie\.path`/ }
    site.app.get('/shop', async request => {
      const session = loose(request)
      for (const attempt of [() => session.save(), () => session.login('ann'), () => session.regenerateId(), () => session.destroy()]) {
        await t.rejects(async () => { await attempt() }, refused)
      }
      return session.isNew
    })
    const response = await site.app.inject('/shop')
    t.strictSame([response.body, response.headers['set-cookie']], ['true', undefined])
    t.equal(site.warnings().length, 0)
  })
}

t.test('a route that needs a session answers 401 there', async t => {
  const site = await createSite(t, options)
  site.app.get('/shop', { config: { session: { required: true } } }, async () => 'never')
  const { cookie } = await site.app.sessions.create({ user: 'ann' } as never)
  t.equal((await site.app.inject({ url: '/shop', headers: { cookie } })).statusCode, 401)
})
