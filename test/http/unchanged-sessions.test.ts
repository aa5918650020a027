import t from 'tap'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, kinds, loose, type LooseSession, signedUp } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const data = { user: 'ada', cart: { items: [1, 2] }, at: '2027-01-01T00:00:00.000Z' }

const unchanged: Array<[string, (session: LooseSession) => unknown]> = [
  ['read', session => [session.get('user'), session['cart'].items.length, session.id, session.isModified, session.expiresAt]],
  ['given the same value', session => { session['cart'] = { items: [1, 2] } }],
  ['changed and changed back', session => { session['cart'].items.push(3); session['cart'].items.pop() }],
  ['given its keys in another order', session => { const { user } = session; delete session['user']; session['user'] = user }],
  ['given a value of the same JSON', session => { session['at'] = { toJSON: () => data.at } }],
  ['given a key that is undefined', session => { session['nothing'] = undefined }],
  ['saved', session => session.save()],
  ['loaded again', session => session.reload()]
]

for (const kind of kinds) {
  for (const [how, use] of unchanged) {
    t.test(`${kind}: a session that is ${how} is not written`, async t => {
      const site = await createSite(t, { backend: kind })
      site.app.get('/', async request => { await use(loose(request)) })
      const cookie = await signedUp(site, data)
      site.operations()
      const response = await site.app.inject({ url: '/', headers: { cookie } })
      t.equal(response.statusCode, 200, response.payload)
      t.strictSame(site.operations().filter(operation => operation !== 'read'), [])
      t.strictSame(cookieLines(response), [])
    })
  }

  t.test(`${kind}: requests one after another cost at most one write per renewal window`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: '4d', renewAfter: 0.25 })
    site.app.get('/', async request => loose(request).get('user'))
    let cookie = await signedUp(site)
    site.operations()
    const writes: number[] = []
    for (let hour = 1; hour <= 72; hour++) {
      site.clock.now += HOUR_MS
      const response = await site.app.inject({ url: '/', headers: { cookie } })
      t.equal(response.payload, 'ada')
      if (site.operations().some(operation => operation !== 'read')) writes.push(hour)
      if (kind === 'cookie' && cookieLines(response).length > 0) cookie = cookieLines(response)[0]!.split(';')[0]!
    }
    t.strictSame(writes, [24, 48, 72])
  })

  t.test(`${kind}: a renewal never goes past the absolute deadline`, async t => {
    const site = await createSite(t, { backend: kind, idleTimeout: '4d', absoluteTimeout: '5d' })
    site.app.get('/', async request => loose(request).expiresAt.getTime())
    const cookie = await signedUp(site)
    const start = site.clock.now
    site.clock.now += 3 * DAY_MS
    const renewed = await site.app.inject({ url: '/', headers: { cookie } })
    const next = kind === 'cookie' ? cookieLines(renewed)[0]! : cookie
    site.operations()
    site.clock.now += 1.9 * DAY_MS
    t.equal((await site.app.inject({ url: '/', headers: { cookie: next } })).json(), start + 5 * DAY_MS)
    t.notOk(site.operations().some(operation => operation !== 'read'), 'nothing is gained by writing it again')
  })
}

t.test('a backend without touch() is renewed by a write', async t => {
  const inner = new MinimalBackend()
  const site = await createSite(t, { backend: new FaultyBackend(inner), idleTimeout: '4d' })
  site.app.get('/', async request => loose(request).get('user'))
  const cookie = await signedUp(site)
  site.clock.now += 2 * DAY_MS
  site.operations()
  await site.app.inject({ url: '/', headers: { cookie } })
  t.ok(site.operations().includes('write'))
  t.equal([...inner.records.values()][0]!.lastAccessedAt, site.clock.now)
})
