import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { fromBackend } from '../../lib/migrate.ts'
import type { SessionOptions } from '../../types/index.d.ts'
import { createSite, OLD_SECRET, SECRET } from '../helpers/app.ts'
import { cookieLines, NAME } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'
import { nextOf } from '../helpers/records.ts'
import { createSecretSite, INTERVAL_MS, renewed, seenBy, signedIn, textIn } from '../helpers/secrets.ts'
import { MINUTE_MS } from '../helpers/times.ts'

/** A second process on the same store, by the same clock. */
async function beside (t: Test, site: Awaited<ReturnType<typeof createSecretSite>>, options: SessionOptions = {}) {
  return await createSecretSite(t, { now: () => site.clock.now, ...options as object }, site.memory)
}

/** Twenty tabs of a browser whose secret is due. Their writes go on together, once all have come. */
async function dueTabs (t: Test) {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  const gate = new Gate()
  site.backend.before('write', gate.pass)
  const tabs = Array.from({ length: 20 }, () => browser.copy())
  site.operations()
  return {
    site,
    browser,
    id,
    tabs,
    async answered<Answer> (asked: ReadonlyArray<Promise<Answer>>): Promise<Answer[]> {
      await settled()
      gate.open()
      return await Promise.all(asked)
    }
  }
}

t.test('parallel requests of one process that all want to renew are one step and one write, and all get the new cookie', async t => {
  const { site, browser, id, tabs, answered } = await dueTabs(t)
  t.strictSame(await answered(tabs.map(tab => seenBy(tab))), Array(20).fill(1))
  t.equal(site.operations().filter(operation => operation === 'write').length, 1)
  t.equal(site.renewalOf(id)!.counter, 4)
  t.equal(new Set(tabs.map(tab => textIn(tab))).size, 1)
  t.not(textIn(tabs[0]!), textIn(browser))
})

t.test('and where some of them change the session, their changes are stored with the renewal', async t => {
  const { site, id, tabs, answered } = await dueTabs(t)
  await answered(tabs.map((tab, index) => tab.run(({ session }) => { if (index % 2 === 1) session[`tab${index}`] = index })))
  t.equal(site.operations().filter(operation => operation === 'write').length, 2)
  t.equal(Object.keys(JSON.parse(site.recordOf(id).data)).length, 11)
  t.equal(site.renewalOf(id)!.counter, 4)
  t.equal(new Set(tabs.map(tab => textIn(tab))).size, 1)
})

t.test('of two processes that want to renew one does, and the other sends what stands, without a further write', async t => {
  const site = await createSecretSite(t)
  const other = await beside(t, site)
  const { browser, id } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  const gate = new Gate()
  other.operations()
  const late = other.call('/', browser.header, async ({ session }) => { await gate.pass(); return session.n })
  await gate.reached
  const first = await seenBy(browser)
  const { version } = site.recordOf(id)
  gate.open()
  const response = await late
  t.strictSame([first, response.json()], [1, 1])
  t.equal(cookieLines(response)[0]!.slice(NAME.length + 1).split(';')[0], textIn(browser))
  t.strictSame(other.operations(), ['read', 'write'], 'which was refused')
  t.equal(site.recordOf(id).version, version)
  t.notOk(other.app.sessions.metrics().writes)
})

t.test('a passive request beside a renewal undoes nothing', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  const passive = browser.copy()
  const gate = new Gate()
  const late = passive.run(async ({ session }) => { await gate.pass(); session.n = 2 }, '/passive')
  await gate.reached
  await seenBy(browser)
  gate.open()
  await late
  t.equal(textIn(passive), textIn(browser))
  t.match(site.recordOf(id), { data: '{"n":2}', lastAccessedAt: site.clock.now, meta: { renewal: { counter: 4 } } })
})

t.test('a renewal is no change for onConflict: error', async t => {
  const site = await createSecretSite(t, { onConflict: 'error' })
  const { browser } = await signedIn(site)
  const gate = new Gate()
  const slow = browser.copy()
  const changing = slow.run(async ({ session }) => { await gate.pass(); session.n++ })
  await gate.reached
  site.clock.now += INTERVAL_MS
  await seenBy(browser)
  gate.open()
  await changing
  t.equal(await seenBy(browser), 2)
  const another = new Gate()
  const losing = slow.attempt(async ({ session }) => { await another.pass(); session.n++ })
  await another.reached
  await browser.run(({ session }) => { session.m = 1 })
  another.open()
  t.equal((await losing).statusCode, 409, 'and other data are one')
})

t.test('a change of the subject or of the lifetime by others is one', async t => {
  const site = await createSecretSite(t, { onConflict: 'error', subject: data => data['user'] as string })
  for (const change of [(session: any) => { session.setLifetime({ idleTimeout: '1h' }) }, (session: any) => { session.user = 'bob' }]) {
    const browser = site.browser()
    await browser.run(({ session }) => { session.n = 1 })
    const gate = new Gate()
    const losing = browser.copy().attempt(async ({ session }) => { await gate.pass(); session.n++ })
    await gate.reached
    await browser.run(({ session }) => { change(session) })
    gate.open()
    t.equal((await losing).statusCode, 409)
  }
})

t.test('a renewal that fails does not fail the request, and the next request tries again', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  const before = browser.copy()
  site.clock.now += INTERVAL_MS
  site.backend.fail('write')
  const response = await browser.run(({ session }) => session.n)
  t.strictSame([response.body, cookieLines(response)], ['1', []])
  t.match(site.warnings(), [/could not be renewed; the next request tries again \(GET \/\)/])
  site.backend.heal()
  await seenBy(browser)
  t.not(textIn(browser), textIn(before))
  site.clock.now += INTERVAL_MS
  site.backend.fail('write')
  t.equal(await seenBy(before), 1)
  t.equal(textIn(before), textIn(browser), 'whoever lost an answer gets it then too')
})

t.test('an answer that says that a renewal was not stored, and it was, is put right', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  site.clock.now += INTERVAL_MS
  site.backend.loseAnswer('write')
  await seenBy(browser)
  site.backend.heal()
  t.equal(await seenBy(browser), 1)
  t.notOk(site.events.some(({ type }) => type === 'theft'))
})

t.test('a store that has lost the last renewal, as by a failover, takes the secret that it has lost', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  const lost = site.recordOf(id)
  site.clock.now += INTERVAL_MS
  const before = browser.copy()
  await seenBy(browser)
  const view = site.memory.bind({ property: 'session', now: () => site.clock.now } as never)
  view.write(id, lost)
  t.equal(await seenBy(browser), 1)
  t.match(site.renewalOf(id), { counter: 4, acknowledgedAt: site.clock.now })
  t.equal(await seenBy(before), 1)
  t.equal(textIn(before), textIn(browser))
})

t.test('sessions from before the option go on, with a secret from their next use; then the bare token is the secret before', async t => {
  const memory = new MemoryBackend()
  const old = await createSite(t, { backend: memory })
  const browser = old.browser()
  await browser.run(async ({ session }) => { await session.login('ada', { n: 1 }) })
  t.match(textIn(browser), /^[\w-]{43}$/)
  const site = await createSecretSite(t, {}, memory)
  site.browser()
  const thief = browser.copy()
  const ask = async (header: string, url = '/') => await site.call(url, header, ({ session }) => session.n ?? null)
  t.strictSame(cookieLines(await ask(browser.header, '/passive')), [], 'a passive request is no use')
  const [line] = cookieLines(await ask(browser.header))
  t.match(line, new RegExp(`^${NAME}=${textIn(browser)}\\.[\\w-]{22};`))
  t.strictSame(cookieLines(await ask(thief.header)), [line], 'a lost answer')
  const header = line!.split(';')[0]!
  t.equal((await ask(header)).body, '1')
  site.clock.now += MINUTE_MS + 1
  t.equal((await ask(thief.header)).body, 'null')
  t.equal((await ask(header)).body, 'null')
  t.match(site.events.filter(({ type }) => type === 'theft'), [{ reason: 'used-up' }])
})

t.test('without the option again the cookies stay good, stay as they are, and are good when it comes back', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  const text = textIn(browser)
  const { renewal } = site.recordOf(id).meta!
  const off = await createSite(t, { backend: site.memory, cookie: { persistent: true } })
  off.browser()
  off.clock.now += INTERVAL_MS
  const response = await off.call('/', browser.header, ({ session }) => { session.n = 2 })
  t.match(cookieLines(response), [new RegExp(`^${NAME}=${text.replace('.', '\\.')};`)])
  t.strictSame(site.recordOf(id).meta!.renewal, renewal)
  t.equal((await off.call('/', browser.header, async ({ session }) => { await session.reload(); return session.n })).body, '2')
  t.equal(await seenBy(browser), 2)
  const moved = await off.call('/', browser.header, async ({ session }) => { await session.regenerateId(); return session.id })
  t.match(cookieLines(moved), [new RegExp(`^${NAME}=[\\w-]{43};`)])
  t.equal(site.renewalOf(moved.body), undefined, 'a new id begins without')
})

t.test('without the option again a guest, too, has a new id without a secret', async t => {
  const site = await createSecretSite(t)
  const { cookie } = await site.app.sessions.create({ n: 1 })
  const off = await createSite(t, { backend: site.memory })
  off.browser()
  const moved = await off.call('/', cookie, async ({ session }) => { await session.regenerateId(); return session.id })
  t.equal(site.recordOf(moved.body).meta, null)
})

t.test('a browser that lost many answers gets the cookie outside of a request too late, and nothing is noted there', async t => {
  const site = await createSecretSite(t)
  const { before, id } = await renewed(site)
  const renewedAt = site.clock.now
  site.clock.now += INTERVAL_MS
  const session = await site.app.sessions.open(before.header)
  session.set('n', 2)
  await session.save()
  t.match(site.recordOf(id), { data: '{"n":2}', meta: { renewal: { counter: 4, renewedAt, acknowledgedAt: undefined } } })
})

t.test('with a new secret in front the next answer has a cookie of it, and without the old one its cookies are used up', async t => {
  const site = await createSecretSite(t, { secret: OLD_SECRET })
  const { browser } = await signedIn(site)
  const [rotated, alone] = [await beside(t, site, { secret: [SECRET, OLD_SECRET] }), await beside(t, site, { secret: SECRET })]
  rotated.browser()
  alone.browser()
  const ask = async (to: typeof site, header: string) => await to.call('/', header, ({ session }) => session.n ?? null)
  const [line] = cookieLines(await ask(rotated, browser.header))
  const header = line!.split(';')[0]!
  t.not(header, browser.header)
  t.strictSame(cookieLines(await ask(rotated, header)), [], 'once')
  t.equal((await ask(alone, header)).body, '1')
  t.equal((await ask(site, browser.header)).body, '1')
  t.equal((await ask(alone, browser.header)).body, 'null')
})

t.test('two properties on one store have secrets of their own', async t => {
  const memory = new MemoryBackend()
  const texts = []
  for (const property of ['session', 'admin']) {
    const site = await createSite(t, { backend: memory, property, renewSecretEvery: '15m', cookie: { name: 's' } })
    const { cookie } = await site.app[`${property}s` as 'sessions'].create({ n: 1 })
    texts.push(cookie)
  }
  const site = await createSite(t, { backend: memory, renewSecretEvery: '15m', cookie: { name: 's' } })
  t.ok(await (await site.app.sessions.open(texts[0])).get('n'))
  t.notOk(await (await site.app.sessions.open(texts[1])).get('n'))
})

t.test('a session of another library comes in with a secret, once for parallel requests', async t => {
  const old = new MemoryBackend()
  const before = await createSite(t, { backend: old, renewSecretEvery: '15m' })
  const { cookie } = await before.app.sessions.create({ n: 1 }, { subject: 'ada' })
  const site = await createSecretSite(t, { cookie: { name: 's' }, migrateFrom: [fromBackend(old)] })
  site.browser()
  const ask = async (header: string) => await site.call('/', header, ({ session }) => session.n ?? null)
  const answers = await Promise.all([ask(cookie), ask(cookie), ask(cookie)])
  const lines = answers.flatMap(cookieLines)
  t.strictSame([answers.map(({ body }) => body), new Set(lines).size], [['1', '1', '1'], 1])
  t.match(lines[0], /^s=[\w-]{43}\.[\w-]{22};/)
  t.equal((await ask(lines[0]!.split(';')[0]!)).body, '1')
  t.strictSame(cookieLines(await ask(cookie)), [lines[0]], 'an answer that was lost')
})

t.test('a session whose meta is as large as it may be at the sign-in goes on', async t => {
  const memory = new MemoryBackend()
  const labels = Array.from({ length: 4 }, (_, n) => '"'.repeat(240) + n)
  const before = await createSite(t, { backend: memory })
  const browser = before.browser()
  await browser.run(async ({ session }) => { await session.login('ada', { n: 1 }, { labels }) })
  const site = await createSecretSite(t, {}, memory)
  site.browser()
  const answer = await site.call('/', browser.header, ({ session }) => { session.n++ })
  t.equal(answer.statusCode, 200)
  const { id } = await site.app.sessions.open(cookieLines(answer)[0]!.split(';')[0])
  t.ok(JSON.stringify(site.recordOf(id).meta).length > 1_990)
})

t.test('a store of one\'s own that keeps a wrong renewal has no session there', async t => {
  const site = await createSecretSite(t)
  const { browser, id } = await signedIn(site)
  const record = site.recordOf(id)
  const view = site.memory.bind({ property: 'session', now: () => site.clock.now } as never)
  for (const renewal of ['x', { counter: 0, renewedAt: 1 }, { counter: 1 }, { counter: 1, renewedAt: 1, acknowledgedAt: 'x' }]) {
    view.write(id, nextOf(record, { meta: { ...record.meta, renewal: renewal as never } }))
    t.equal(await seenBy(browser), null)
    t.match(site.events.at(-1), { type: 'rejected', reason: 'corrupt' })
  }
  view.write(id, nextOf(record))
  t.equal(await seenBy(browser), 1)
})
