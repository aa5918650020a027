import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { createSite } from '../helpers/app.ts'

const about = (request: { headers: Record<string, unknown> }) => ({ host: request.headers['host'] })
const ABOUT = { host: 'localhost' }

t.test('the request that begins a session is told of in listings', async t => {
  const { browser: open, app } = await createSite(t, { backend: 'memory', about: about as never })
  const browser = open()
  const shown = async () => (await app.sessions.list()).sessions.map(({ about }) => about)
  await browser.run(({ session }) => { session.a = 1 })
  t.strictSame(await shown(), [ABOUT], 'at the first save')
  await browser.run(({ session }) => { session.clear(); session.b = 1 })
  t.strictSame(await shown(), [ABOUT], 'after clear()')
  await browser.run(({ session }) => session.login('ann'))
  t.strictSame(await shown(), [ABOUT], 'at the sign-in')
  await browser.run(({ session }) => session.reauthenticate())
  t.strictSame(await shown(), [ABOUT], 'after a new id')
  await browser.run(({ session }) => session.regenerate(['b']))
  t.strictSame(await shown(), [ABOUT], 'after regenerate()')
  const { id } = await app.sessions.create({} as never, { subject: 'bob' })
  t.equal((await app.sessions.get(id))!.about, null, 'outside a request there is nothing to tell')
})

t.test('it is asked when a session begins, and not by other requests', async t => {
  let asked = 0
  const browser = (await createSite(t, { backend: 'memory', about: () => ({ asked: ++asked }) })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  t.equal(asked, 1)
  await browser.run(({ session }) => { session.a = 2 })
  await browser.run(({ session }) => session.regenerateId())
  await browser.run(({ session }) => session.transaction((data: any) => { data.a = 3 }))
  t.equal(asked, 1)
  await browser.run(({ session }) => session.login('ann'))
  t.equal(asked, 2)
})

for (const [name, answer, problem] of [
  ['throws', () => { throw new Error('no geo data') }, /no geo data/],
  ['returns a promise', async () => ({ a: 1 }), /it is a promise/],
  ['returns too much', () => ({ a: 'x'.repeat(600) }), /608 bytes as JSON, and may take 512/],
  ['returns a text', () => 'Firefox', /it is no object/],
  ['returns a list', () => ['Firefox'], /it is no object/],
  ['returns nothing', () => undefined, /it is no object/],
  ['returns what is no JSON', () => ({ a: 1n }), /BigInt/]
] as const) {
  t.test(`where it ${name}, the sign-in goes on, with one warning`, async t => {
    const site = await createSite(t, { backend: 'memory', about: answer as never })
    for (let visit = 0; visit < 3; visit++) await site.browser().run(({ session }) => session.login('ann'))
    t.strictSame((await site.app.sessions.list()).sessions.map(({ subject, about }) => [subject, about]), Array(3).fill(['ann', null]))
    t.equal(site.warnings().filter(text => text.includes('`about`')).length, 1)
    t.match(site.errors()[0]!.message, problem)
  })
}

t.test('a cookie session carries it only where the backend is told so', async t => {
  for (const aboutInCookie of [false, true]) {
    let asked = 0
    const site = await createSite(t, { backend: new CookieBackend({ aboutInCookie }), about: () => ({ asked: ++asked }) })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(({ session }) => session.login('ann'))
    await browser.run(({ session }) => { session.a = 2 })
    t.equal(asked, aboutInCookie ? 2 : 0)
  }
})

t.test('text in it cannot be taken for anything else of the record', async t => {
  const hostile = { labels: ['admin'], subject: 'root', text: '"} {"subject":"root"}\n' }
  const site = await createSite(t, { backend: new MemoryBackend(), about: () => hostile })
  await site.browser().run(({ session }) => session.login('ann'))
  t.match((await site.app.sessions.list()).sessions, [{ subject: 'ann', labels: [], about: hostile }])
})

t.test('it stays where the option subject changes whose session it is', async t => {
  const site = await createSite(t, { backend: 'memory', about: about as never, subject: data => data['user'] })
  const browser = site.browser()
  const shown = async () => (await site.app.sessions.list()).sessions.map(({ subject, about }) => [subject, about])
  for (const user of ['ann', 'bob', undefined]) {
    await browser.run(({ session }) => { session.user = user; session.a = 1 })
    t.strictSame(await shown(), [[user ?? null, ABOUT]])
  }
})
