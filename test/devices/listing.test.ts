import t from 'tap'
import { InvalidOptionsError, MemoryBackend } from '../../lib/index.ts'
import type { ListFilter } from '../../types/index.d.ts'
import { devicesSite, idOf } from '../helpers/devices.ts'
import { START } from '../helpers/times.ts'

const about = ({ headers, ip }: { headers: Record<string, unknown>, ip: string }) => ({ agent: headers['user-agent'], ip })

t.test('two browsers of a user see each other, and themselves first', async t => {
  const site = await devicesSite(t, { about: about as never })
  const [one, two] = [await site.signIn('ann'), await site.signIn('ann')]
  await site.signIn('bob')
  for (const [browser, other] of [[one, two], [two, one]] as const) {
    const devices = await site.devicesOf(browser)
    t.strictSame(devices.map(({ id, current }) => [id, current]), [[await idOf(browser), true], [await idOf(other), false]])
    t.match(devices[0]!.about, { agent: 'lightMyRequest', ip: '127.0.0.1' })
  }
})

t.test('an answer has instants and what the application knows of the device, and neither data nor a token', async t => {
  const site = await devicesSite(t, { idleTimeout: 60 })
  const browser = await site.signIn('ann')
  const response = await site.ask(browser, 'GET')
  t.strictSame(response.json(), {
    sessions: [{
      id: await idOf(browser),
      current: true,
      createdAt: new Date(START).toISOString(),
      lastAccessedAt: new Date(START).toISOString(),
      expiresAt: new Date(START + 60_000).toISOString(),
      about: null
    }],
    cursor: null
  })
  for (const text of ['of ann', ...browser.cookies.values()]) t.notMatch(response.body, text)
})

t.test('no answer may be kept, a refusal neither', async t => {
  const site = await devicesSite(t)
  const browser = await site.signIn('ann')
  const answers = [
    await site.ask(browser, 'GET'), await site.ask(browser, 'GET', '?limit=x'), await site.ask(site.browser(), 'GET'),
    await site.ask(browser, 'DELETE', '/unknown'), await site.ask(browser, 'DELETE', '', { 'sec-fetch-site': 'cross-site' }),
    await site.ask(browser, 'DELETE'), await site.ask(browser, 'DELETE', `/${await idOf(browser)}`)
  ]
  t.strictSame(answers.map(({ statusCode, headers }) => [statusCode, headers['cache-control']]),
    [200, 400, 401, 404, 403, 200, 204].map(status => [status, 'no-store']))
})

t.test('nobody is answered who is not signed in', async t => {
  const site = await devicesSite(t)
  const guest = site.browser()
  await guest.run(({ session }) => { session.basket = ['tea'] })
  for (const [method, path] of [['GET', ''], ['DELETE', ''], ['DELETE', `/${await idOf(guest)}`]] as const) {
    t.match((await site.ask(guest, method, path)).json(), { statusCode: 401, code: 'SES_REQUIRED' })
  }
  t.strictSame(await guest.data(), { basket: ['tea'] })
})

t.test('pages lead to every session, and what the client makes up is refused', async t => {
  const site = await devicesSite(t)
  const browser = await site.signIn('ann')
  for (let count = 0; count < 4; count++) await site.signIn('ann')
  const ids: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { sessions: Array<{ id: string }>, cursor: string | null } =
      (await site.ask(browser, 'GET', `?limit=2&cursor=${encodeURIComponent(cursor)}`)).json()
    t.ok(page.sessions.length <= 2)
    ids.push(...page.sessions.map(({ id }) => id))
    cursor = page.cursor
  }
  t.equal(new Set(ids).size, 5)
  for (const query of ['limit=', 'limit=0', 'limit=-1', 'limit=1.5', 'limit=101', 'limit=1e2', 'limit=1&limit=2', 'cursor=a&cursor=b']) {
    t.match((await site.ask(browser, 'GET', `?${query}`)).json(), { statusCode: 400, error: 'Bad Request' }, query)
  }
  for (const query of ['limit=100', 'cursor=%00', 'cursor=__proto__', `cursor=${'z'.repeat(9_000)}`, 'subject=bob']) {
    t.equal((await site.ask(browser, 'GET', `?${query}`)).statusCode, 200, query)
  }
})

class Strict extends MemoryBackend {
  override bind (): this { return this }
  override list ({ subject, cursor }: ListFilter): never {
    throw new InvalidOptionsError(`${subject} ${cursor}`)
  }
}

t.test('a cursor that the backend refuses is an error of the client, and any other refusal is ours', async t => {
  const site = await devicesSite(t, { backend: new Strict() })
  const browser = await site.signIn('ann')
  t.match((await site.ask(browser, 'GET', '?cursor=made-up')).json(), { statusCode: 400, message: 'The cursor is not from an earlier page' })
  t.match((await site.ask(browser, 'GET')).json(), { statusCode: 500, code: 'SES_INVALID_OPTIONS' })
})

t.test('a store that is down is a 503', async t => {
  const site = await devicesSite(t)
  const browser = await site.signIn('ann')
  site.backend.fail('list')
  t.match((await site.ask(browser, 'GET')).json(), { statusCode: 503, code: 'SES_BACKEND_UNAVAILABLE' })
})
