import t, { type Test } from 'tap'
import { createSecretSite, INTERVAL_MS, type SecretSite, seenBy, signedIn, textIn } from '../helpers/secrets.ts'
import { MINUTE_MS } from '../helpers/times.ts'
import { NAME, shapes } from '../helpers/cookies.ts'
import type { Browser } from '../helpers/browser.ts'

const OTHER_SECRET = 'A'.repeat(22)

type Options = Parameters<typeof createSecretSite>[1]

/** An owner whose cookie was copied, and who went on with the next secret. */
async function stolenFrom (t: Test, options: Options = {}) {
  const site = await createSecretSite(t, options)
  const { browser: owner, id } = await signedIn(site)
  const thief = owner.copy()
  site.clock.now += INTERVAL_MS
  await seenBy(owner)
  await seenBy(owner)
  site.clock.now += MINUTE_MS + 1
  site.events.length = 0
  site.operations()
  return { site, owner, thief, id }
}

/** A browser whose cookie has another secret behind the token. */
function withSecret (browser: Browser, secret: string): Browser {
  const copy = browser.copy()
  copy.cookies.set(NAME, `${textIn(browser).slice(0, 43)}${secret}`)
  return copy
}

function typesOf ({ events }: SecretSite): string[] { return events.map(({ type }) => type) }

t.test('a used-up secret ends the session of owner and thief, who is answered as with any unknown cookie', async t => {
  const { site, owner, thief, id } = await stolenFrom(t)
  const answer = await thief.run(({ session }) => ({ n: session.n ?? null, isNew: session.isNew, endedBecause: session.endedBecause }))
  t.strictSame(answer.json(), { n: null, isNew: true, endedBecause: null })
  t.strictSame(shapes(answer), [])
  t.match(site.events, [
    { type: 'theft', id, subject: 'ada', reason: 'used-up', cause: 'theft', actor: null, requestId: String },
    { type: 'rejected', id, reason: 'theft', cause: null }
  ])
  t.equal((await owner.run(({ session }) => session.endedBecause)).body, 'theft')
  t.equal(await seenBy(owner), null)
  t.match(site.app.sessions.metrics().ended, { theft: 1 })
})

t.test('where the thief was first, the owner gives the theft away', async t => {
  const site = await createSecretSite(t)
  const { browser: owner } = await signedIn(site)
  const thief = owner.copy()
  site.clock.now += INTERVAL_MS
  await seenBy(thief)
  await seenBy(thief)
  site.clock.now += MINUTE_MS + 1
  t.equal(await seenBy(owner), null)
  t.equal(await seenBy(thief), null)
  t.equal(typesOf(site).filter(type => type === 'theft').length, 1)
})

for (const [what, secret] of [
  ['a made-up secret', `.${OTHER_SECRET}`], ['no secret', '']
] as const) {
  t.test(`${what} behind a token is a theft, and opens nothing`, async t => {
    const site = await createSecretSite(t)
    const { browser, id } = await signedIn(site)
    t.equal(await seenBy(withSecret(browser, secret)), null)
    t.match(site.events.at(-2), { type: 'theft', id, reason: 'unknown', cause: 'theft' })
    t.equal(await seenBy(browser), null)
  })
}

t.test('the secret of a different session is as good as a made-up one', async t => {
  const site = await createSecretSite(t, { onTheft: 'report' })
  const [ada, bob] = [(await signedIn(site)).browser, (await signedIn(site)).browser]
  t.equal(await seenBy(withSecret(ada, textIn(bob).slice(43))), null)
  t.equal(await seenBy(withSecret(bob, textIn(ada).slice(43))), null)
  t.strictSame([await seenBy(ada), await seenBy(bob)], [1, 1])
})

t.test('a cookie that is cut, lengthened or put together in another order ends nothing, and costs the backend no call', async t => {
  const site = await createSecretSite(t)
  const { browser } = await signedIn(site)
  const text = textIn(browser)
  const [token, secret] = text.split('.') as [string, string]
  site.operations()
  const texts = [
    text.slice(0, -1), `${text}A`, text.slice(1), `${token}.`, `.${secret}`, secret, `${secret}.${token}`, `${token}${secret}`,
    `${token}..${secret}`, `${token}.${secret}.${secret}`, `${token} .${secret}`, `${token}.${'+'.repeat(22)}`, token.slice(0, 42)
  ]
  for (const text of texts) {
    browser.cookies.set(NAME, text)
    t.equal(await seenBy(browser), null, text)
  }
  t.strictSame(site.operations(), [])
  t.match(site.events.slice(-texts.length), texts.map(() => ({ type: 'rejected', id: null, reason: /malformed|oversized/ })))
  browser.cookies.set(NAME, text)
  t.equal(await seenBy(browser), 1)
})

t.test('with onTheft: report the previous secret is served and reported, each time, and gets no cookie', async t => {
  const { site, owner, thief } = await stolenFrom(t, { onTheft: 'report', cookie: { persistent: true } })
  for (const job of [({ session }: any) => session.n, ({ session }: any) => session.n++]) {
    const answer = await thief.run(job)
    t.strictSame([answer.body, shapes(answer)], ['1', []])
  }
  const [first, second] = site.events.filter(({ type }) => type === 'theft')
  t.match([first, second], [{ reason: 'used-up', cause: null }, { reason: 'used-up', cause: null }])
  t.equal(await seenBy(owner), 2)
  t.match(site.app.sessions.metrics().ended, { theft: 0 })
})

t.test('with onTheft: report what is older still opens nothing, and the session goes on', async t => {
  const { site, owner, thief } = await stolenFrom(t, { onTheft: 'report' })
  site.clock.now += INTERVAL_MS
  await seenBy(owner)
  await seenBy(owner)
  t.equal(await seenBy(thief), null)
  t.equal(await seenBy(withSecret(owner, `.${OTHER_SECRET}`)), null)
  t.match(site.events.filter(({ type }) => type === 'theft'), [{ reason: 'used-up' }, { reason: 'unknown' }])
  t.equal(await seenBy(owner), 1)
})

t.test('whoever is served although reported gets a session of its own by a new id, and no more of the old one', async t => {
  const { site, owner, thief } = await stolenFrom(t, { onTheft: 'report' })
  await thief.run(async ({ session }) => { await session.regenerateId() })
  t.equal(await seenBy(thief), 1)
  t.equal((await owner.run(({ session }) => session.endedBecause)).body, 'replaced')
  t.equal(site.events.filter(({ type }) => type === 'theft').length, 1)
})

t.test('a store that cannot be written hides no theft, and opens no session', async t => {
  const { site, owner, thief } = await stolenFrom(t)
  site.backend.fail('write').fail('remove')
  t.equal((await thief.attempt(({ session }) => session.n)).statusCode, 503)
  t.match(site.events[0], { type: 'theft' })
  t.equal((await thief.run(({ session }) => session.n ?? null, '/anonymous')).body, 'null')
  site.backend.heal()
  t.equal(await seenBy(thief), null)
  t.equal(await seenBy(owner), null)
})

t.test('wrong and used-up secrets cost the same calls, and get the same answer', async t => {
  const seen = []
  for (const isUsedUp of [true, false]) {
    const { site, owner, thief } = await stolenFrom(t)
    const { statusCode, headers: { date: _, ...headers }, body } = await (isUsedUp ? thief : withSecret(owner, `.${OTHER_SECRET}`)).attempt(({ session }) => ({ ...session }))
    seen.push({ statusCode, headers, body, operations: site.operations() })
  }
  t.strictSame(seen[0], seen[1])
})

t.test('a cookie of the same session that another path has left behind is no theft', async t => {
  for (const order of [['old', 'new'], ['new', 'old']]) {
    const { site, owner, thief } = await stolenFrom(t)
    const texts = { old: textIn(thief), new: textIn(owner) }
    const cookie = order.map(which => `${NAME}=${texts[which as 'old' | 'new']}`).join('; ')
    const response = await site.call('/', cookie, ({ session }) => session.n)
    t.equal(response.body, '1')
    t.notOk(typesOf(site).includes('theft'))
    t.equal(await seenBy(owner), 1)
  }
})

t.test('a session of one\'s own does not hide the theft of another', async t => {
  const { site, owner, thief } = await stolenFrom(t)
  const { browser: own } = await signedIn(site)
  await site.call('/', `${thief.header}; ${own.header}`, ({ session }) => session.n)
  t.ok(typesOf(site).includes('theft'))
  t.strictSame([await seenBy(own), await seenBy(owner)], [1, null])
})

t.test('open() notices a theft too', async t => {
  const { site, owner, thief } = await stolenFrom(t)
  t.equal((await site.app.sessions.open(thief.header)).subject, null)
  t.match(site.events[0], { type: 'theft', requestId: null })
  t.equal(await seenBy(owner), null)
})

t.test('a request that does not touch the session notices a theft too', async t => {
  const { site, owner, thief } = await stolenFrom(t)
  t.equal((await thief.run(() => 1)).body, '1')
  t.match(site.events[0], { type: 'theft' })
  t.equal(await seenBy(owner), null)
})

t.test('no secret is in a record, an event or a log line', async t => {
  const { site, owner, thief, id } = await stolenFrom(t, { server: { logger: { level: 'trace', stream: { write: (line: string) => { lines.push(line) } } } } })
  await owner.run(({ session }) => { session.n++ })
  const record = JSON.stringify(site.recordOf(id))
  const secrets = [owner, thief].flatMap(browser => textIn(browser).split('.'))
  await seenBy(thief)
  await seenBy(withSecret(owner, `.${OTHER_SECRET}`))
  const texts = [record, JSON.stringify(site.recordOf(id)), JSON.stringify(site.events), lines.join('')]
  t.ok(texts.every(text => text.length > 10))
  for (const secret of secrets) for (const text of texts) t.notOk(text.includes(secret))
})
const lines: string[] = []
