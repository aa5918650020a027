import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, kinds } from '../helpers/app.ts'

const never = () => { throw new Error('the handler must not run') }

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    t.test('required is a 401 without a stored session', async t => {
      const site = await createSite(t, { backend: kind, autoload: false })
      const browser = site.browser()
      for (const url of ['/required', '/signed-in']) {
        const response = await browser.attempt(never, url)
        t.strictSame([response.statusCode, response.json().code, response.headers.vary], [401, 'SES_REQUIRED', 'Cookie'])
      }
      await browser.run(async ({ session }) => { await session.load(); session.a = 1 })
      t.equal((await browser.run(({ session }) => session.a, '/required')).body, '1', 'and it loads whatever autoload says')
    })

    t.test('required: \'subject\' is a 401 until somebody has signed in', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      t.equal((await browser.attempt(never, '/signed-in')).statusCode, 401)
      await browser.run(({ session }) => session.login('ann'))
      t.equal((await browser.run(({ session }) => session.subject, '/signed-in')).body, 'ann')
    })

    t.test('a passive request does not keep the session alive, another one does', async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: 100 })
      const browser = site.browser()
      await browser.run(({ session }) => { session.a = 1 })
      site.clock.now += 60_000
      const response = await browser.run(({ session }) => session.expiresAt.getTime(), '/passive')
      t.equal(response.headers['set-cookie'], undefined)
      const tab = browser.copy()
      await browser.run(({ session }) => session.a)
      site.clock.now += 60_000
      t.strictSame(await browser.data(), { a: 1 })
      if (kind === 'cookie') t.strictSame(await tab.data(), {}, 'the cookie that was not renewed has ended')
    })
  })
}

t.test('a session that was only looked at passively ends in time', async t => {
  const site = await createSite(t, { backend: 'memory', idleTimeout: 100 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  site.clock.now += 60_000
  await browser.run(({ session }) => session.a, '/passive')
  site.clock.now += 60_000
  t.strictSame(await browser.data(), {})
})

t.test('a change in a passive request is stored, without extending the session', async t => {
  const site = await createSite(t, { backend: 'cookie', idleTimeout: 100 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const end = site.clock.now + 100_000
  site.clock.now += 60_000
  await browser.run(({ session }) => { session.a = 2 }, '/passive')
  await browser.run(({ session }) => { t.strictSame([session.a, session.expiresAt.getTime()], [2, end]) }, '/passive')
})

t.test('required and a backend that cannot be reached is a 503, even where anonymous is allowed', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, onUnavailable: 'anonymous' })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann'))
  backend.fail('read')
  for (const url of ['/required', '/signed-in']) {
    const response = await browser.attempt(never, url)
    t.strictSame([response.statusCode, response.headers['retry-after'], response.headers['set-cookie']], [503, '5', undefined])
  }
  t.equal((await browser.run(() => 'fine')).body, 'fine')
})
