import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { CookieBackend } from '../../lib/index.ts'
import { createApp, createSite, type SiteOptions } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

/** A browser with a session: `POST` updates the data, `GET` shows the data, `DELETE` destroys the session. */
async function createBrowser (t: Test, options: SiteOptions = {}) {
  const site = await createSite(t, { cookie: { name: 's' }, ...options })
  const browser = site.browser()
  const send = async (method: 'GET' | 'POST' | 'DELETE', data?: object) => {
    const response = await browser.attempt(async ({ session }) => {
      if (method === 'GET') return session
      if (method === 'POST') session.update(data)
      else await session.destroy()
    })
    return { status: response.statusCode, body: response.json(), lines: cookieLines(response) }
  }
  return { jar: browser.cookies, send, errors: site.errors }
}

const textOf = (bytes: number) => randomBytes(Math.ceil(bytes / 2)).toString('hex').slice(0, bytes)

t.test('a large session is split, read back, and shrinks again without leftovers', async t => {
  const { jar, send } = await createBrowser(t, { backend: new CookieBackend({ maxBytes: 12_288 }) })
  const text = textOf(8_000)
  await send('POST', { text })
  t.strictSame([...jar.keys()], ['s', 's.1', 's.2'])
  t.strictSame((await send('GET')).body, { text })
  await send('POST', { text: text.slice(0, 4_000) })
  t.strictSame([...jar.keys()], ['s', 's.1'])
  await send('POST', { text: 'short' })
  t.strictSame([...jar.keys()], ['s'])
  t.strictSame((await send('GET')).body, { text: 'short' })
})

t.test('destroying clears every part that came along', async t => {
  const { jar, send } = await createBrowser(t)
  await send('POST', { text: textOf(4_000) })
  jar.set('s.5', 'a leftover')
  await send('DELETE')
  t.strictSame([...jar.keys()], [])
})

t.test('leftovers without a session are cleared by destroy', async t => {
  const { jar, send } = await createBrowser(t)
  jar.set('s.1', 'a leftover')
  await send('DELETE')
  t.strictSame([...jar.keys()], [])
})

t.test('a payload that is too big is refused with size, limit and largest keys; the stored session is untouched', async t => {
  const { send, errors } = await createBrowser(t)
  await send('POST', { name: 'ada' })
  const { status, body, lines } = await send('POST', { large: textOf(6_000), larger: textOf(7_000) })
  t.match({ status, code: body.code, lines }, { status: 500, code: 'SES_TOO_LARGE', lines: [] })
  const error = errors().at(-1)!
  t.match(error, { size: Number, limit: 7_168, keys: [['larger', 7_011], ['large', 6_010], ['name', 12]] })
  t.match(error.detail, /takes \d{5} bytes, 7168 are allowed; its largest keys: larger \(7011 bytes\), large \(6010 bytes\), name \(12 bytes\)/)
  t.strictSame((await send('GET')).body, { name: 'ada' })
})

t.test('a payload that no number of cookies holds is too big all the same', async t => {
  const { send } = await createBrowser(t)
  t.equal((await send('POST', { text: textOf(60_000) })).body.code, 'SES_TOO_LARGE')
})

t.test('maxBytes is what the parts take in a Cookie header', async t => {
  const { jar, send } = await createBrowser(t, { backend: new CookieBackend({ maxBytes: 2_000 }) })
  let bytes = 1_300
  while ((await send('POST', { text: textOf(bytes) })).status === 200) {
    t.ok([...jar].map(pair => pair.join('=')).join('; ').length <= 2_000)
    bytes += 20
  }
  t.ok(bytes > 1_360 && bytes < 1_500, String(bytes))
})

t.test('a subject that no cookie holds is refused, and no failure of the backend', async t => {
  const app = await createApp(t, { secret: randomBytes(32) })
  for (const length of [256, 20_000, 70_000]) {
    await t.rejects(app.sessions.create({}, { subject: 'a'.repeat(length) }), { code: 'SES_NOT_SERIALIZABLE', message: /255 bytes/ })
  }
})
