import t from 'tap'
import { tokenParts } from '../../lib/record/ids.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { createSecretSite, INTERVAL_MS, renewed, seenBy, signedIn, textIn } from '../helpers/secrets.ts'
import { DAY_MS, MINUTE_MS } from '../helpers/times.ts'

const SHAPE = /^[\w-]{43}\.[\w-]{22}$/

t.test('behind the token is a secret: the id and the token stay, and the secret changes after the interval', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  const texts = [textIn(browser)]
  for (let renewals = 0; renewals < 3; renewals++) {
    site.clock.now += INTERVAL_MS - 1
    t.strictSame(cookieLines(await browser.run(({ session }) => session.n)), [], 'not yet')
    site.clock.now += 1
    const response = await browser.run(({ session }) => ({ n: session.n, id: session.id }))
    t.strictSame(response.json(), { n: 1, id })
    texts.push(textIn(browser))
  }
  for (const text of texts) t.match(text, SHAPE)
  t.equal(new Set(texts).size, 4)
  t.equal(new Set(texts.map(text => tokenParts(text)!.token)).size, 1)
  t.equal(site.renewalOf(id)!.counter, 6)
})

t.test('the cookie goes out as any other: with the attributes of the first, and no-store', async t => {
  const site = await createSecretSite(t, { cookie: { persistent: true }, idleTimeout: '10d' })
  const { browser } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  const response = await browser.run(({ session }) => session.n)
  t.match(cookieLines(response), [/^__Host-session=[\w-]{43}\.[\w-]{22}; Max-Age=864000; Path=\/; HttpOnly; Secure; SameSite=Lax$/])
  t.match(response.headers, { 'cache-control': /no-store/, vary: 'Cookie' })
})

t.test('a renewal is one write, and so is the first request with the new secret; no other request costs anything', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  site.operations()
  const costs: string[][] = []
  for (let requests = 0; requests < 4; requests++) {
    await seenBy(browser)
    costs.push(site.operations())
  }
  t.strictSame(costs, [['read', 'write'], ['read', 'write'], ['read'], ['read']])
})

t.test('a renewal, a change of the data and a due deadline are one write', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  site.clock.now += 10 * DAY_MS
  site.operations()
  await browser.run(({ session }) => { session.n++ })
  t.strictSame(site.operations(), ['read', 'write'])
  t.match(site.recordOf(id), { lastAccessedAt: site.clock.now, meta: { signedInAt: Number, renewal: { counter: 4 } } })
  await browser.run(({ session }) => { session.n++ })
  t.strictSame(site.operations(), ['read', 'write'])
  t.strictSame(site.renewalOf(id)!.acknowledgedAt, site.clock.now)
  t.equal(await seenBy(browser), 3)
})

t.test('the secret before is good until the new one comes back, however late, and each answer to it carries the current cookie', async t => {
  const site = await createSecretSite(t)
  const { browser, before } = await renewed(site)
  for (const url of ['/', '/passive', '/required', '/signed-in', '/']) {
    site.clock.now += DAY_MS
    const other = before.copy()
    t.equal(await seenBy(other, url), 1, url)
    t.equal(textIn(other), textIn(browser), 'the lost answer once more')
  }
  const other = before.copy()
  await other.run(({ session }) => { session.n++ })
  t.equal(textIn(other), textIn(browser), 'with a change')
  t.equal(await seenBy(browser), 2)
})

t.test('and for 60 seconds after that', async t => {
  const site = await createSecretSite(t)
  const { browser, before } = await renewed(site)
  site.clock.now += MINUTE_MS
  await seenBy(browser)
  site.clock.now += MINUTE_MS
  const other = before.copy()
  t.equal(await seenBy(other), 1)
  t.equal(textIn(other), textIn(browser))
  site.clock.now += 1
  t.equal(await seenBy(before), null)
  t.match(site.events.filter(({ type }) => type === 'theft'), [{ cause: 'theft' }])
})

t.test('the minute holds also where a secret comes back after its time, and is renewed at once', async t => {
  const site = await createSecretSite(t)
  const { browser, before: first, id } = await renewed(site)
  site.clock.now += INTERVAL_MS
  await seenBy(browser)
  t.equal(site.renewalOf(id)!.counter, 5)
  site.clock.now += MINUTE_MS
  t.equal(await seenBy(first.copy()), 1)
  site.clock.now += 1
  t.equal(await seenBy(first), null)
})

t.test('passive requests renew nothing, and bring a secret back all the same', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  const { lastAccessedAt } = site.recordOf(id)
  site.clock.now += INTERVAL_MS
  await seenBy(browser, '/passive')
  t.equal(site.renewalOf(id)!.counter, 3)
  await seenBy(browser)
  site.clock.now += 1_000
  await seenBy(browser, '/passive')
  t.match(site.recordOf(id), { lastAccessedAt: lastAccessedAt + INTERVAL_MS, meta: { renewal: { counter: 4, acknowledgedAt: site.clock.now } } })
})

t.test('requests that do not touch the session renew nothing', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  site.operations()
  const response = await browser.run(() => 1)
  t.strictSame([cookieLines(response), site.operations()], [[], ['read']])
  t.equal(site.renewalOf(id)!.counter, 3)
})

t.test('a secret that is handed out anew, after lost answers, is as new as at its renewal', async t => {
  const site = await createSecretSite(t)
  const { before, id } = await renewed(site)
  site.clock.now += 10 * INTERVAL_MS
  const handedOutAt = site.clock.now
  const [slow, fast] = [before.copy(), before.copy()]
  site.operations()
  await seenBy(slow)
  await seenBy(fast)
  t.strictSame(site.operations(), ['read', 'write', 'read'], 'once')
  t.match(site.renewalOf(id), { counter: 4, renewedAt: handedOutAt, acknowledgedAt: undefined })
  await seenBy(fast)
  t.equal(site.renewalOf(id)!.counter, 4, 'so that answers under way have the current cookie')
  site.clock.now += INTERVAL_MS
  await seenBy(fast)
  t.equal(site.renewalOf(id)!.counter, 5)
})

t.test('a request that took so long that its cookie may be an old one by now sends none', async t => {
  const site = await createSecretSite(t)
  const { before } = await renewed(site)
  for (const [ms, sent] of [[29_999, 1], [30_000, 0]] as const) {
    const response = await before.copy().run(({ session }) => { site.clock.now += ms; return session.n })
    t.equal(cookieLines(response).length, sent, `${ms} ms`)
  }
})

t.test('no secret is renewed within a minute', async t => {
  const site = await createSecretSite(t, { renewSecretEvery: 1 })
  const { browser, id } = await signedIn(site)
  site.clock.now += MINUTE_MS - 1
  await seenBy(browser)
  t.equal(site.renewalOf(id)!.counter, 3)
  site.clock.now += 1
  await seenBy(browser)
  t.equal(site.renewalOf(id)!.counter, 4)
})

t.test('save() puts the cookie on a hijacked reply, whether or not it stores something', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  const before = browser.copy()
  site.clock.now += INTERVAL_MS
  const ask = async (cookie: string) => await site.call('/', cookie, async ({ session }, reply) => {
    await session.save()
    reply.hijack()
    reply.raw.end('by hand')
  })
  const [renewed] = cookieLines(await ask(before.header))
  t.match(renewed, /^__Host-session=[\w-]{43}\.[\w-]{22};/)
  t.strictSame(cookieLines(await ask(before.header)), [renewed])
})

t.test('without a way to set a cookie nothing is renewed: outside of a request, and once the head is out', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  const session = await site.app.sessions.open(browser.header)
  session.set('n', 3)
  await session.save()
  await site.call('/', browser.header, async ({ session }, reply) => {
    reply.hijack()
    reply.raw.writeHead(200)
    session.n = 2
    await session.save()
    reply.raw.end()
  })
  t.match(site.recordOf(id), { data: '{"n":2}', meta: { renewal: { counter: 3 } } })
  await seenBy(browser)
  const opened = await site.app.sessions.open(browser.header)
  opened.set('n', 4)
  await opened.save()
  t.match(site.renewalOf(id), { counter: 4, acknowledgedAt: site.clock.now }, 'a secret comes back there too')
})

t.test('each new id begins with a secret of its own', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  const texts = new Set([textIn(browser)])
  site.clock.now += INTERVAL_MS
  for (const method of ['regenerateId', 'reauthenticate', 'regenerate', 'login'] as const) {
    await seenBy(browser)
    const { body } = await browser.run(async request => {
      await request.session[method](method === 'login' ? 'ada' : undefined)
      request.session.n = 1
      return request.session.id
    })
    texts.add(textIn(browser))
    t.match(textIn(browser), SHAPE, method)
    t.match(site.renewalOf(body), { counter: 3, renewedAt: site.clock.now, acknowledgedAt: site.clock.now }, method)
    if (method === 'regenerate') await browser.run(async ({ session }) => { await session.login('ada') })
  }
  t.equal(texts.size, 5)
})

t.test('create() gives the cookie with its secret, and open() looks at it', async t => {
  const site = await createSecretSite(t)
  const { cookie, id } = await site.app.sessions.create({ n: 1 }, { subject: 'ada' })
  t.match(cookie, /^__Host-session=[\w-]{43}\.[\w-]{22}$/)
  t.equal((await site.app.sessions.open(cookie)).id, id)
  t.match(await site.app.sessions.get(id), { subject: 'ada' })
  t.equal((await site.app.sessions.open(cookie.slice(0, -23))).subject, null)
  t.equal(await site.app.sessions.exists(id), false, 'a token without its secret is that of a thief')
})

t.test('clear() and a subject that the data name keep the secret', async t => {
  const site = await createSecretSite(t, { subject: data => data['user'] as string })
  const browser = site.browser()
  const { body: id } = await browser.run(({ session }) => { session.n = 1; return session.id })
  await browser.run(({ session }) => { session.user = 'ada' })
  await browser.run(({ session }) => { session.clear(); session.n = 2 })
  t.equal(await seenBy(browser), 2)
  t.match(site.renewalOf(id), { counter: 3 })
})
