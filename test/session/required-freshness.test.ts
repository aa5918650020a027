import t, { type Test } from 'tap'
import { createSite, type Kind, kinds } from '../helpers/app.ts'
import { MINUTE_MS } from '../helpers/times.ts'

const ROUTES = {
  '/me': { subject: true },
  '/any': { subject: false },
  '/password': { fresh: '10m' },
  '/transfer': { level: ['mfa', 'hardware'] },
  '/close': { fresh: 600, level: 'mfa' }
} as const

async function bank (t: Test, backend: Kind) {
  const site = await createSite(t, {
    backend,
    before: app => {
      app.get('/unused', () => {})
    }
  })
  for (const [url, required] of Object.entries(ROUTES)) site.app.get(url, { config: { session: { required } } } as object, async () => 'in')
  return site
}

for (const kind of kinds) {
  t.test(`a route says what is missing, in the error and in its body (${kind})`, async t => {
    const { browser: open, clock, app } = await bank(t, kind)
    const browser = open()
    const ask = async (url: keyof typeof ROUTES) => {
      const response = await app.inject({ url, headers: { cookie: browser.header } })
      return response.statusCode === 200 ? 'in' : response.json().reason
    }
    const all = async () => await Promise.all((Object.keys(ROUTES) as Array<keyof typeof ROUTES>).map(ask))

    t.strictSame(await all(), ['session', 'session', 'session', 'session', 'session'], 'nobody')
    await browser.run(({ session }) => { session.a = 1 })
    t.strictSame(await all(), ['subject', 'in', 'subject', 'subject', 'subject'], 'a guest')
    await browser.run(({ session }) => session.login('ann'))
    t.strictSame(await all(), ['in', 'in', 'in', 'level', 'level'], 'signed in without a level')
    await browser.run(({ session }) => session.reauthenticate({ level: 'MFA' }))
    t.strictSame(await all(), ['in', 'in', 'in', 'level', 'level'], 'a level that is not named')
    await browser.run(({ session }) => session.reauthenticate({ level: 'hardware' }))
    t.strictSame(await all(), ['in', 'in', 'in', 'in', 'level'])
    await browser.run(({ session }) => session.reauthenticate({ level: 'mfa' }))
    clock.now += 10 * MINUTE_MS
    t.strictSame(await all(), ['in', 'in', 'in', 'in', 'in'], 'just fresh')
    clock.now += 1
    t.strictSame(await all(), ['in', 'in', 'fresh', 'in', 'fresh'])
    clock.now -= 30 * MINUTE_MS
    t.strictSame(await all(), ['in', 'in', 'fresh', 'in', 'fresh'], 'a sign-in in the future, by a clock that was ahead')
    clock.now += 30 * MINUTE_MS
    await browser.run(({ session }) => session.reauthenticate())
    t.strictSame(await all(), ['in', 'in', 'in', 'in', 'in'])
  })
}

t.test('the body keeps what Fastify says, with a length that is right', async t => {
  const { app } = await bank(t, 'memory')
  await app.listen()
  const address = app.server.address() as { port: number }
  const response = await fetch(`http://127.0.0.1:${address.port}/password`)
  const text = await response.text()
  t.strictSame(JSON.parse(text), {
    statusCode: 401, code: 'SES_REQUIRED', error: 'Unauthorized', message: 'This route needs a session that is signed in', reason: 'session'
  })
  t.equal(Number(response.headers.get('content-length')), text.length)
  t.equal(response.headers.get('cache-control'), 'no-store')
})

for (const [name, body] of Object.entries({ text: 'SES_REQUIRED, please sign in', json: '{"code":"SES_REQUIRED","reason":"mine"}', other: '{"go":"/login"}', bytes: Buffer.from('{"code":"SES_REQUIRED"}') })) {
  t.test(`the answer of an error handler of one's own stays (${name})`, async t => {
    const reasons: unknown[] = []
    const site = await createSite(t, {
      backend: 'memory',
      before: app => {
        app.setErrorHandler((error: Error & { reason?: string }, _request, reply) => {
          reasons.push(error.reason)
          reply.code(403).send(body)
        })
      }
    })
    site.app.get('/me', { config: { session: { required: { subject: true } } } } as object, async () => 'in')
    const response = await site.app.inject('/me')
    t.strictSame([response.statusCode, response.body, reasons], [403, String(body), ['session']])
  })
}

const wrong: Array<[required: unknown, message: RegExp]> = [
  [{ fresh: 0 }, /config.session.required.fresh/],
  [{ fresh: '10 minutes' }, /config.session.required.fresh/],
  [{ fresh: true }, /config.session.required.fresh/],
  [{ level: [] }, /config.session.required.level` to be a level, or an array of levels/],
  [{ level: '' }, /config.session.required.level/],
  [{ level: ['mfa', 7] }, /config.session.required.level/],
  [{ levels: 'mfa' }, /config.session.required.levels/],
  [{ subject: 'ann' }, /config.session.required.subject/],
  ['mfa', /config.session.required/]
]

t.test('wrong requirements are refused when the route is added', async t => {
  const { app } = await createSite(t)
  for (const [required, message] of wrong) {
    t.throws(() => { app.get('/x', { config: { session: { required } } } as object, () => {}) }, { code: 'SES_INVALID_OPTIONS', message }, JSON.stringify(required))
  }
})
