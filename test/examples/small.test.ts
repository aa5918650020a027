import t from 'tap'
import { Browser, start } from '../helpers/running.ts'

t.test('quickstart counts visits', async t => {
  const browser = new Browser(await start(t, 'examples/quickstart.js'))
  await browser.get('/')
  t.equal((await browser.get('/')).text, '{"visits":2}')
})

t.test('typed-payload refuses what its schema does not know', async t => {
  const browser = new Browser(await start(t, 'examples/typed-payload.js'))
  t.equal((await browser.get('/theme/dark')).text, '{"theme":"dark"}')
  t.match(await browser.get('/theme/pink'), { status: 500, text: /SES_INVALID_DATA/ })
  t.equal((await browser.get('/theme/light')).text, '{"theme":"light"}')
})

t.test('route-autoload loads where it says', async t => {
  const browser = new Browser(await start(t, 'examples/route-autoload.js'))
  t.equal((await browser.get('/app/account')).status, 401)
  t.equal((await browser.get('/app/sign-in')).text, '{"signedInAs":"alice"}')
  t.equal((await browser.get('/app/account')).text, '{"account":"alice"}')
  t.equal((await browser.get('/app/poll')).text, '{"signedIn":true}')
  t.equal((await browser.get('/search?mine')).text, '{"results":"of alice"}')
  t.equal((await browser.get('/search')).text, '{"results":"of everybody"}')
  t.equal((await browser.get('/health')).text, '{"ok":true}')
})

t.test('custom-backend keeps sessions in its file', async t => {
  const browser = new Browser(await start(t, 'examples/custom-backend.js'))
  await browser.get('/')
  t.match((await browser.get('/')).text, '"visits":2')
})

t.test('audit-log keeps who signed in and out, and who ended whose sessions', async t => {
  const address = await start(t, 'examples/audit-log.js')
  const [phone, laptop, tablet] = [new Browser(address), new Browser(address), new Browser(address)]
  for (const browser of [phone, laptop, tablet]) await browser.get('/sign-in/alice')
  await tablet.get('/sign-out')
  t.equal((await laptop.get('/lock/alice')).text, '{"ended":1}')
  const rows = JSON.parse((await phone.get('/audit')).text) as Array<Record<string, unknown>>
  t.strictSame(rows.map(({ type, cause, subject, actor, reason }) => [type, cause, subject, actor, reason]), [
    ['created', 'login', 'alice', null, 'login'],
    ['created', 'login', 'alice', null, 'login'],
    ['evicted', 'evict', 'alice', null, null],
    ['created', 'login', 'alice', null, 'login'],
    ['destroyed', 'logout', 'alice', null, null],
    ['revoked', 'revoke', 'alice', 'an administrator', 'account locked']
  ])
  t.match(rows[0], { session: /^[0-9a-f]{64}$/, request: /^req-/, at: /^\d{4}-\d\d-\d\dT/ })
})
