import t from 'tap'
import { type DevicesSite, devicesSite, idOf, subjectOf } from '../helpers/devices.ts'

type Headers = Record<string, string>

/** The answers to both writes with these headers, each by a new user. */
async function statuses (site: DevicesSite, headers: Headers): Promise<number[]> {
  const [one, two] = [await site.signIn('ann'), await site.signIn('ann')]
  const answers = [await site.ask(one, 'DELETE', `/${await idOf(two)}`, headers), await site.ask(one, 'DELETE', '', headers)]
  if (answers[0]!.statusCode === 403) t.strictSame([await subjectOf(one), await subjectOf(two)], ['ann', 'ann'], 'nothing has ended')
  return answers.map(({ statusCode }) => statusCode)
}

const ours: Headers[] = [
  {},
  { 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-site': 'none' },
  // What the browser says of the site counts, and not what the application makes of its own address.
  { 'sec-fetch-site': 'same-origin', origin: 'https://localhost' },
  { origin: 'http://localhost' },
  { origin: 'http://shop.example:80', host: 'shop.example' },
  { origin: 'http://shop.example:3000', host: 'shop.example:3000' }
]
const foreign: Headers[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': '' },
  { 'sec-fetch-site': 'same-origin, cross-site' },
  { 'sec-fetch-site': 'cross-site', origin: 'http://localhost' },
  { origin: 'https://localhost' },
  { origin: 'http://localhost:3000' },
  { origin: 'http://localhost.evil.example' },
  { origin: 'http://shop.localhost' },
  { origin: 'http://localhost/path' },
  { origin: 'http://user@localhost' },
  { origin: 'null' },
  { origin: '' },
  { origin: 'http://localhost', host: 'not a host' }
]

t.test('a write of a page of this origin is done, and one of no browser', async t => {
  const site = await devicesSite(t)
  for (const headers of ours) t.strictSame(await statuses(site, headers), [204, 200], JSON.stringify(headers))
})

t.test('a write of a page of another origin is refused, also of a sibling subdomain', async t => {
  const site = await devicesSite(t)
  for (const headers of foreign) t.strictSame(await statuses(site, headers), [403, 403], JSON.stringify(headers))
})

t.test('behind a proxy that is trusted, the origin is the one that the browser sees', async t => {
  const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example', origin: 'https://shop.example' }
  t.strictSame(await statuses(await devicesSite(t, { server: { trustProxy: true } }), proxied), [204, 200])
  t.strictSame(await statuses(await devicesSite(t), proxied), [403, 403], 'and nobody is trusted unless the application says so')
})

t.test('a protocol that a proxy makes up is no origin', async t => {
  const site = await devicesSite(t, { server: { trustProxy: true } })
  t.strictSame(await statuses(site, { 'x-forwarded-proto': 'foo', origin: 'null' }), [403, 403])
  t.strictSame(await statuses(site, { 'x-forwarded-proto': 'foo', origin: 'bar://localhost' }), [403, 403])
})

t.test('the option `origins` lets pages of other hosts write', async t => {
  const site = await devicesSite(t, {}, { origins: ['https://app.example'] })
  t.strictSame(await statuses(site, { 'sec-fetch-site': 'same-site', origin: 'https://app.example' }), [204, 200])
  t.strictSame(await statuses(site, { 'sec-fetch-site': 'same-site', origin: 'https://other.example' }), [403, 403])
  t.strictSame(await statuses(site, { 'sec-fetch-site': 'same-site' }), [403, 403])
  t.strictSame(await statuses(site, { 'sec-fetch-site': 'same-origin' }), [204, 200])
})

t.test('a page of another site may ask who is signed in: without CORS it cannot read the answer', async t => {
  const site = await devicesSite(t)
  const browser = await site.signIn('ann')
  const response = await site.ask(browser, 'GET', '', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })
  t.equal(response.statusCode, 200)
  t.equal(response.headers['access-control-allow-origin'], undefined)
})
