import t from 'tap'
import { CookieBackend, MemoryBackend, NotSupportedError } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { BackendContext, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { createSite } from '../helpers/app.ts'

class ThrowingBackend extends MemoryBackend {
  override bind (): this { return this }
  override read (): never { throw new Error('out of order') }
}

t.test('a backend that throws instead of rejecting is unavailable all the same', async t => {
  const site = await createSite(t, { backend: new ThrowingBackend() })
  const { cookie } = await site.app.sessions.create({})
  for (const url of ['/', '/required']) t.equal((await site.call(url, cookie, () => {})).statusCode, 503)
  t.equal((await site.call('/by-hand', cookie, ({ session }) => { session.load() })).statusCode, 503)
  t.equal((await site.call('/anonymous', cookie, () => 'fine')).body, 'fine')
})

/** The cookie backend with a changed `read`. */
function sealing (name: string, kindOf: (read: SessionBackend['read']) => SessionBackend['read']): SessionBackend {
  const cookies = new CookieBackend()
  return {
    constructor: { name },
    selfContained: true,
    bind (context: BackendContext) {
      const bound = cookies.bind(context)
      return { ...this, read: kindOf(text => bound.read(text)), write: (_id: null, record: SessionRecord) => bound.write(null, record) } as SessionBackend
    },
    read: () => null,
    write: () => null,
    remove () {}
  } as SessionBackend
}

t.test('a self-contained backend that answers with a promise unannounced breaks its contract', async t => {
  const site = await createSite(t, { backend: sealing('Promising', read => text => Promise.resolve(read(text))) })
  const { cookie } = await site.app.sessions.create({})
  const response = await site.call('/', cookie, ({ session }) => session.a)
  t.match(response.json(), { statusCode: 500, code: 'SES_BACKEND_CONTRACT' })
  t.match(site.errors().at(-1), { detail: /Promising\.read\(\) must answer at once/ })
})

t.test('one whose read is an async function is loaded before the handler', async t => {
  const site = await createSite(t, { backend: sealing('Async', read => async text => await read(text)) })
  const { cookie } = await site.app.sessions.create({ a: 1 } as never)
  t.equal((await site.call('/', cookie, ({ session }) => session.a)).body, '1')
})

t.test('a backend that says it answers with a promise is loaded before the handler, however its read is written', async t => {
  const backend = Object.assign(sealing('Announced', read => text => Promise.resolve(read(text))), { answersAtOnce: false })
  const site = await createSite(t, { backend })
  const { cookie } = await site.app.sessions.create({ a: 1 } as never)
  t.equal((await site.call('/', cookie, ({ session }) => session.a)).body, '1')
})

t.test('a backend that says it answers at once is asked at the first look only, however its read is written', async t => {
  let reads = 0
  const lowered = (read: SessionBackend['read']) => Object.defineProperty((text: string) => {
    reads++
    return read(text)
  }, 'constructor', { value: async function () {}.constructor }) as SessionBackend['read']
  const site = await createSite(t, { backend: Object.assign(sealing('Wrapped', lowered), { answersAtOnce: true }) })
  const { cookie } = await site.app.sessions.create({ a: 1 } as never)
  await site.call('/', cookie, () => 'not looked at')
  t.equal(reads, 0)
  t.equal((await site.call('/', cookie, ({ session }) => session.a)).body, '1')
  t.equal(reads, 1)
})

t.test('a text that is no cookie text breaks the contract, too', async t => {
  const backend = sealing('Crumbling', read => read)
  const site = await createSite(t, { backend: Object.assign(backend, { bind () { return { ...this, write: () => 'a; Domain=evil.example' } } }) })
  const response = await site.browser().attempt(({ session }) => { session.a = 1 })
  t.match(response.json(), { statusCode: 500, code: 'SES_BACKEND_CONTRACT' })
  t.match(site.errors().at(-1), { detail: /Crumbling\.write\(\)/ })
  t.equal(response.headers['set-cookie'], undefined)
})

t.test('a session that no number of cookies holds is refused with its size', async t => {
  const site = await createSite(t)
  const response = await site.browser().attempt(async ({ session }) => {
    session.small = 1
    session.large = 'x'.repeat(100_000)
    await t.rejects(session.save(), { code: 'SES_TOO_LARGE', limit: 7_168, keys: [['large', Number], ['small', Number]] })
    delete session.large
  })
  t.equal(response.statusCode, 200)
})

t.test('an error of a backend that says what it means is passed on, and is no outage', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, onUnavailable: 'anonymous' })
  const { cookie } = await site.app.sessions.create({})
  backend.fail('read', new NotSupportedError('It', 'reading'))
  const response = await site.call('/', cookie, () => {})
  t.match(response.json(), { statusCode: 500, code: 'SES_NOT_SUPPORTED' })
})

t.test('what cannot be stored and comes after the commit is reported as a change', async t => {
  const site = await createSite(t)
  await site.browser().run(({ session }, reply) => {
    reply.raw.once('finish', () => { session.n = 1n })
  })
  t.match(site.warnings(), [/changes of the session are lost: they were made after it was committed/])
})

t.test('a member\'s name in a stored payload is data, and hides no member', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const { id, cookie } = await site.app.sessions.create({ a: 1 } as never)
  const stands = await backend.read(id)
  await backend.write(id, { ...stands!, version: 1, data: '{"a":1,"subject":"root","save":1,"cookie":{}}' })
  const response = await site.call('/', cookie, ({ session }) => [session.data(), session.subject, session.isModified])
  t.strictSame(response.json(), [{ a: 1, subject: 'root', save: 1, cookie: {} }, null, false])
})

t.test('so does one that comes with a later write: of the session that was loaded', async t => {
  const cookieBackend = new CookieBackend()
  let text: unknown
  const backend: SessionBackend = {
    selfContained: true,
    bind (context) {
      const inner = cookieBackend.bind(context)
      const write = (id: null, record: SessionRecord) => text === undefined ? inner.write(id, record) : text as string
      return { selfContained: true, read: key => inner.read(key), write: write as SessionBackend['write'], remove () {} }
    },
    read: () => null,
    write: () => '',
    remove () {}
  }
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  for (text of ['a; Domain=evil.example', 7]) {
    const response = await browser.attempt(({ session }) => { session.a = text })
    t.match(response.json(), { statusCode: 500, code: 'SES_BACKEND_CONTRACT' })
  }
  text = undefined
  await browser.run(({ session }) => { session.a = 2 })
  t.strictSame(await browser.data(), { a: 2 })
})
