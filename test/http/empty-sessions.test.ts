import t from 'tap'
import { createSite, kinds, loose, type LooseSession, signedUp } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'

const nothing: Array<[string, (session: LooseSession) => unknown]> = [
  ['is only read', session => [session.id, session.isEmpty, session.isNew, session.get('a'), Object.keys(session)]],
  ['is filled and emptied again', session => { session['a'] = 1; delete session['a'] }],
  ['has a key that is undefined', session => { session['a'] = undefined }],
  ['is cleared', session => { session.set('a', 1).clear() }],
  ['is touched by hand', session => { session.touch() }],
  ['has a lifetime of its own', session => { session.setLifetime({ persistent: true }) }],
  ['is saved', session => session.save()],
  ['is reloaded', session => { session['a'] = 1; return session.reload() }],
  ['gets a new id', session => session.regenerateId()],
  ['is regenerated', session => { session['a'] = 1; return session.regenerate() }],
  ['is destroyed', session => { session['a'] = 1; return session.destroy() }]
]

for (const kind of kinds) {
  for (const [what, use] of nothing) {
    t.test(`${kind}: an empty session that ${what} stays nowhere`, async t => {
      const site = await createSite(t, { backend: kind })
      site.app.get('/', async request => { await use(loose(request)) })
      const response = await site.app.inject('/')
      t.equal(response.statusCode, 200, response.payload)
      t.strictSame(cookieLines(response), [])
      t.strictSame(site.operations(), [])
      t.strictSame(site.events, [])
      t.equal(response.headers['cache-control'], undefined)
    })
  }

  t.test(`${kind}: a session without data but with a subject is stored`, async t => {
    const site = await createSite(t, { backend: kind })
    site.app.get('/login', async request => { await loose(request).login('ada') })
    site.app.get('/', async request => ({ ...loose(request), subject: loose(request).subject, isEmpty: loose(request).isEmpty }))
    const cookie = cookieOf(await site.app.inject('/login'))
    t.strictSame((await site.app.inject({ url: '/', headers: { cookie } })).json(), { subject: 'ada', isEmpty: false })
  })

  for (const [how, empty] of [
    ['key by key', session => { session.delete('user') }],
    ['by undefined', session => { session['user'] = undefined }],
    ['by clear()', session => { session.clear() }],
    ['and is saved by hand', session => { session.clear(); return session.save() }],
    ['by regenerate() without keys', session => session.regenerate()],
    ['by destroy()', session => session.destroy()]
  ] as Array<[string, (session: LooseSession) => unknown]>) {
    t.test(`${kind}: a session that becomes empty ${how} is removed and its cookie cleared`, async t => {
      const site = await createSite(t, { backend: kind })
      site.app.get('/', async request => { await empty(loose(request)) })
      site.app.get('/state', async request => ({ isNew: loose(request).isNew }))
      const cookie = await signedUp(site)
      const response = await site.app.inject({ url: '/', headers: { cookie } })
      t.match(cookieLines(response), [/^__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; /])
      t.equal(cookieLines(response).length, 1)
      // A copy of a cookie session cannot be taken back; the browser's copy is gone.
      if (kind === 'memory') {
        t.equal(await site.app.sessions.count(), 0)
        t.strictSame((await site.app.inject({ url: '/state', headers: { cookie } })).json(), { isNew: true })
      }
    })
  }

  t.test(`${kind}: clear() takes the subject along`, async t => {
    const site = await createSite(t, { backend: kind })
    site.app.get('/login', async request => { await loose(request).login('ada', { cart: 1 }) })
    site.app.get('/clear', async request => { loose(request).clear() })
    const cookie = cookieOf(await site.app.inject('/login'))
    t.match(cookieLines(await site.app.inject({ url: '/clear', headers: { cookie } })), [/=; Max-Age=0/])
  })

  t.test(`${kind}: a signed-in session that loses its data stays`, async t => {
    const site = await createSite(t, { backend: kind })
    site.app.get('/login', async request => { await loose(request).login('ada', { cart: 1 }) })
    site.app.get('/', async request => { loose(request).delete('cart') })
    const cookie = cookieOf(await site.app.inject('/login'))
    const response = await site.app.inject({ url: '/', headers: { cookie } })
    t.notMatch(cookieLines(response).join(), /Max-Age=0/)
    if (kind === 'memory') t.equal(await site.app.sessions.count({ subject: 'ada' }), 1)
  })
}
