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
