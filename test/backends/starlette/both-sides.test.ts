import { readFileSync } from 'node:fs'
import t from 'tap'
import { StarletteCookieBackend } from '../../../lib/starlette.ts'
import { testBackend } from '../../../lib/testing/index.ts'
import { createSite } from '../../helpers/app.ts'
import { openAsPython, signAsPython, STARLETTE_SECRET as secret, visitPython } from '../../helpers/starlette.ts'
import { DAY_MS, HOUR_MS, START } from '../../helpers/times.ts'

interface Vector { name: string, secret: string, seconds: number, json: string, cookie: string }
type Kind = 'sessions' | 'notKept' | 'readAsNull' | 'notObjects'
const vectors = JSON.parse(readFileSync(new URL('../../vectors/starlette.json', import.meta.url), 'utf8')) as Record<Kind, Vector[]>

const NAME = 'session'
const start = async (t: any, { backend = new StarletteCookieBackend({ secret }), ...options }: any = {}) => {
  const site = await createSite(t, { backend, cookie: { name: NAME, secure: false }, ...options })
  return { site, browser: site.browser() }
}

t.test('keeps what the kit asks of a self-contained backend, but for what binds a text to a registration', async t => {
  await testBackend(t, () => new StarletteCookieBackend({ secret }), { bound: false, registrations: false })
})

t.test('what itsdangerous has signed is read, in an application too', async t => {
  for (const { name, secret, seconds, json, cookie } of [...vectors.sessions, ...vectors.readAsNull]) {
    t.equal(signAsPython(json, seconds, secret), cookie, `${name}, by an implementation of its own`)
    const { browser } = await start(t, { backend: new StarletteCookieBackend({ secret }), now: () => seconds * 1_000 })
    browser.cookies.set(NAME, cookie)
    const expected = name === 'NaN and Infinity' ? { a: null, b: [null, null], t: 'NaN' } : JSON.parse(json)
    t.strictSame(await browser.data(), expected, name)
  }
})

t.test('what is no object is no session, with a reason in the event', async t => {
  for (const { name, secret, seconds, cookie } of vectors.notObjects) {
    const { browser, site } = await start(t, { backend: new StarletteCookieBackend({ secret }), now: () => seconds * 1_000 })
    browser.cookies.set(NAME, cookie)
    t.strictSame(await browser.data(), {}, name)
    t.match(site.events.at(-1), { type: 'rejected', reason: 'corrupt' }, name)
  }
})

t.test('an integer that JavaScript would change is a 503, and the cookie of Python stays as it is', async t => {
  for (const { name, secret, seconds, cookie } of vectors.notKept) {
    const { browser, site } = await start(t, { backend: new StarletteCookieBackend({ secret }), now: () => seconds * 1_000 })
    browser.cookies.set(NAME, cookie)
    t.equal((await browser.attempt(({ session }) => { session.n = 1 })).statusCode, 503, name)
    t.equal(browser.cookies.get(NAME), cookie)
    t.match(site.errors().at(-1), { detail: /an integer above 2\^53/ })
  }
})

t.test('what is stored here is a session of Starlette, with the second of the last use', async t => {
  const { browser } = await start(t)
  await browser.run(({ session }) => session.login('ada', { name: 'é🔑', n: 1 }))
  const { session: { _fastsessions: member, ...session }, seconds } = openAsPython(browser.cookies.get(NAME)!)!
  t.strictSame(session, { name: 'é🔑', n: 1 })
  t.equal(typeof member, 'string')
  t.equal(seconds, START / 1_000)
})

t.test('Starlette carries along what a session has beside its data', async t => {
  const { browser, site } = await start(t)
  let id = ''
  await browser.run(async ({ session }) => { await session.login('ada', { n: 1 }); id = session.id })
  site.clock.now += HOUR_MS
  const { session } = openAsPython(browser.cookies.get(NAME)!)!
  browser.cookies.set(NAME, signAsPython(JSON.stringify({ ...session, python: true }), site.clock.now / 1_000))
  await browser.run(({ session }) => {
    t.match({ id: session.id, subject: session.subject, data: session.data() }, { id, subject: 'ada', data: { n: 1, python: true } })
    t.equal(+session.createdAt, START)
    t.equal(+session.lastAccessedAt, START + HOUR_MS, 'a write of Python is a use')
  })
})

t.test('a session of Python has one id at each request, and both timeouts count from its signing', async t => {
  const { browser, site } = await start(t, { idleTimeout: '2h', absoluteTimeout: '3h' })
  browser.cookies.set(NAME, signAsPython('{"user": "ada"}', START / 1_000))
  const ids = new Set<string>()
  for (let n = 0; n < 2; n++) await browser.run(({ session }) => { ids.add(session.id) })
  t.equal(ids.size, 1)
  await browser.run(({ session }) => { t.equal(+session.expiresAt, START + 2 * HOUR_MS) })
  site.clock.now += 2 * HOUR_MS
  t.strictSame(await browser.data(), {})
  t.match(site.events.at(-1), { type: 'rejected', reason: 'expired' })
})

t.test('maxAge counts from the last write or use, to the end of the second', async t => {
  const { browser, site } = await start(t, { backend: new StarletteCookieBackend({ secret, maxAge: '1h' }), idleTimeout: '30d' })
  browser.cookies.set(NAME, signAsPython('{"n": 1}', START / 1_000))
  site.clock.now += HOUR_MS + 999
  t.strictSame(await browser.copy().data(), { n: 1 })
  site.clock.now++
  t.strictSame(await browser.data(), {})
})

t.test('without a maxAge the timeouts hold alone', async t => {
  const { browser, site } = await start(t, { backend: new StarletteCookieBackend({ secret, maxAge: null }), idleTimeout: '30d', absoluteTimeout: null })
  browser.cookies.set(NAME, signAsPython('{"n": 1}', START / 1_000))
  site.clock.now += 29 * DAY_MS
  t.strictSame(await browser.data(), { n: 1 })
})

t.test('a change that is no use leaves the deadline where it is, on both sides', async t => {
  const { browser, site } = await start(t)
  await browser.run(({ session }) => { session.n = 1 })
  site.clock.now += HOUR_MS
  await browser.run(({ session }) => { session.n = 2 }, '/passive')
  t.match(openAsPython(browser.cookies.get(NAME)!), { session: { n: 2 }, seconds: START / 1_000 })
})

t.test('a cookie of the next second is read, and one from the future is none', async t => {
  for (const [ahead, data] of [[5, { n: 1 }], [6, {}]] as const) {
    const { browser } = await start(t)
    browser.cookies.set(NAME, signAsPython('{"n": 1}', START / 1_000 + ahead))
    t.strictSame(await browser.data(), data)
  }
})

t.test('text that is not authentic is no session', async t => {
  const good = signAsPython('{"n": 1}', START / 1_000)
  const { browser, site } = await start(t)
  for (const text of ['null', 'a.b.c', good.slice(1), `${good}A`, good.replace('.', '..'), signAsPython('{"n": 1}', START / 1_000, 'another secret')]) {
    const visitor = browser.copy()
    visitor.cookies.set(NAME, text)
    t.strictSame(await visitor.data(), {}, text)
    t.match(site.events.at(-1), { type: 'rejected', reason: 'forged' })
  }
})

t.test('several secrets: the first signs, all are tried, and an old signature is made anew', async t => {
  const backend = new StarletteCookieBackend({ secret: [secret, Buffer.from('the secret key of earlier days, as long')] })
  const { browser } = await start(t, { backend })
  browser.cookies.set(NAME, signAsPython('{"n": 1}', START / 1_000, 'the secret key of earlier days, as long'))
  t.strictSame(await browser.data(), { n: 1 })
  t.match(openAsPython(browser.cookies.get(NAME)!), { session: { n: 1 } })
})

t.test('a session that needs more than one cookie is refused, since Starlette reads one', async t => {
  const { browser } = await start(t)
  const failed = await browser.attempt(({ session }) => { session.text = 'x'.repeat(3_000) })
  t.match(failed.json(), { statusCode: 500, code: 'SES_TOO_LARGE' })
  await browser.run(({ session }) => { session.text = 'x'.repeat(2_700) })
  t.strictSame([...browser.cookies.keys()], [NAME])
  t.ok(browser.cookies.get(NAME)!.length < 4_096)
})

t.test('the member that Starlette carries along is no key of the data', async t => {
  const { browser } = await start(t)
  t.match((await browser.attempt(({ session }) => { session._fastsessions = 1 })).json(), { code: 'SES_RESERVED_KEY' })
})

t.test('a wrong option is refused, and no message shows a secret', async t => {
  const wrongs: unknown[] = [undefined, 'hidden', {}, { secret: '' }, { secret: [] }, { secret: ['hidden', ''] }, { secret: 7 }, { secret, maxAge: 0 },
    { secret, maxAge: 'long' }, { secret, maxAge: true }, { secret, age: 1 }]
  for (const wrong of wrongs) {
    t.throws(() => new StarletteCookieBackend(wrong as never), { code: 'SES_INVALID_OPTIONS', message: /^(?!.*hidden)/ }, JSON.stringify(wrong))
  }
  await t.rejects(start(t, { serializer: { serialize: JSON.stringify, deserialize: JSON.parse } }), { message: /`serializer`.*shared/ })
})

t.test('a short secret is taken, with one warning', async t => {
  const { site } = await start(t, { backend: new StarletteCookieBackend({ secret: 'secret' }) })
  t.match(site.warnings(), [/`secret` has a secret of 6 bytes/])
  t.strictSame((await start(t)).site.warnings(), [])
})

t.test('the option subject names whose session it is that Python has begun', async t => {
  const { browser } = await start(t, { subject: (data: any) => data.user })
  browser.cookies.set(NAME, signAsPython('{"user": "ada"}', START / 1_000))
  t.equal((await browser.attempt(({ session }) => session.subject, '/signed-in')).body, 'ada')
})

t.test('a service in Python and one in Node change one session in turn', async t => {
  const { browser } = await start(t, { now: Date.now })
  const begun = await visitPython(null, { user: 'ada', n: [1.5, null, 'é🔑'] })
  if (begun === null) {
    t.pass('this machine has no Python with itsdangerous')
    return
  }
  browser.cookies.set(NAME, begun.cookie!)
  t.strictSame(await browser.data(), { user: 'ada', n: [1.5, null, 'é🔑'] })
  await browser.run(({ session }) => session.login('ada', { ...session.data(), node: { 'é🔑': true } }))
  const changed = await visitPython(browser.cookies.get(NAME)!, { python: 2 })
  t.match(changed!.before, { user: 'ada', node: { 'é🔑': true } })
  browser.cookies.set(NAME, changed!.cookie!)
  await browser.run(({ session }) => { t.match({ subject: session.subject, data: session.data() }, { subject: 'ada', data: { user: 'ada', python: 2 } }) })
  t.strictSame((await visitPython(browser.cookies.get(NAME)!, {}, { secret: 'another' }))!.before, {})
  t.equal((await visitPython(browser.cookies.get(NAME)!, null))!.cookie, 'null')
})
