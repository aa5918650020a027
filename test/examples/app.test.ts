import { createServer } from 'node:net'
import t from 'tap'
import { Browser, runToEnd, start } from '../helpers/running.ts'
import { type ServerName, sharedServer } from '../helpers/servers.ts'

const SERVER = 'examples/app/server.js'

const servers: Readonly<Record<string, ServerName>> = { redis: 'redis', memcached: 'memcached', postgres: 'postgres', mysql: 'mysql' }

for (const BACKEND of ['cookie', 'memory', 'file', 'sqlite', 'pglite', ...Object.keys(servers)]) {
  t.test(`with the ${BACKEND} backend`, async t => {
    const name = servers[BACKEND]
    const variables = name === undefined ? {} : { [`${name.toUpperCase()}_URL`]: await sharedServer(name) }
    const address = await start(t, SERVER, { BACKEND, SESSION_DIRECTORY: t.testdir(), ...variables })

    await t.test('a visitor who does nothing gets no cookie', async t => {
      const browser = new Browser(address)
      t.match(await browser.get('/'), { status: 200, text: /Not signed in/ })
      await browser.get('/session')
      t.equal(browser.cookie, '')
    })

    await t.test('one signs in, fills a basket, is told so once, and signs out', async t => {
      const browser = new Browser(address)
      t.match((await browser.post('/basket', { product: 'tea', action: 'add' })).text, /Green tea added/)
      const before = browser.cookie
      const welcome = await browser.post('/sign-in', { name: 'Ada <b>' })
      t.match(welcome.text, /Welcome, Ada &lt;b&gt;!/)
      t.match(welcome.text, /Green tea <span class="muted">× 1/, 'the basket came along')
      t.not(browser.cookie, before)
      t.notMatch((await browser.get('/')).text, /Welcome/, 'a flash message is shown once')

      await browser.post('/basket', { product: 'tea', action: 'add' })
      t.match((await browser.post('/basket', { product: 'tea', action: 'remove' })).text, /Green tea <span class="muted">× 1/)
      const page = (await browser.get('/session')).text
      t.match(page, /<dt>Subject<\/dt><dd>Ada &lt;b&gt;/)
      t.match(page, /&quot;tea&quot;: 1/)
      t.match(page, /<dt>Ends<\/dt><dd><time/)

      const signedIn = browser.cookie
      t.match((await browser.post('/sign-out')).text, /You are signed out/)
      t.match((await browser.get('/')).text, /Not signed in[^]*It is empty/)
      t.equal(browser.cookie, '', 'nothing is left')
      browser.cookies.set(...signedIn.split('=', 2) as [string, string])
      if (BACKEND !== 'cookie') t.match((await browser.get('/')).text, /Not signed in/, 'the old cookie is dead')
    })

    await t.test('one who destroys the session is a visitor again', async t => {
      const browser = new Browser(address)
      await browser.post('/sign-in', { name: 'Bob', remember: 'on' })
      t.match((await browser.post('/forget')).text, /<dd>nobody/)
      t.equal(browser.cookie, '')
    })

    if (BACKEND !== 'cookie') {
      await t.test('two tabs that fill one basket at once lose nothing', async t => {
        const browser = new Browser(address)
        await browser.post('/sign-in', { name: 'Cleo' })
        const add = (product: string) => {
          const tab = new Browser(address)
          for (const cookie of browser.cookies) tab.cookies.set(...cookie)
          return tab.post('/basket', { product, action: 'add' })
        }
        await Promise.all(['tea', 'bread', 'tea', 'bread', 'tea'].map(add))
        t.match((await browser.get('/session')).text, /&quot;tea&quot;: 3[^]*&quot;bread&quot;: 2|&quot;bread&quot;: 2[^]*&quot;tea&quot;: 3/)
      })
    }

    await t.test('forms are checked', async t => {
      const browser = new Browser(address)
      t.match((await browser.post('/sign-in', { name: ' ' })).text, /Tell us a name first/)
      t.match((await browser.post('/basket', { product: '__proto__' })).text, /We do not sell that/)
      t.match(await browser.get('/nowhere'), { status: 404, text: /Nothing here/ })
    })

    await t.test('a form of another site is refused', async t => {
      for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
        const response = await fetch(new URL('/sign-out', address), { method: 'POST', headers: headers as Record<string, string> })
        t.equal(response.status, 403)
      }
    })
  })
}

t.test('an unknown backend is refused with the choices', async t => {
  const { code, output } = await runToEnd(SERVER, [], { BACKEND: 'floppy' })
  t.equal(code, 1)
  t.match(output, 'BACKEND is "floppy"; choose one of: cookie, memory, file, redis, memcached, sqlite, pglite, postgres, mysql')
})

t.test('without its Redis the demo starts, says so once, and stops in peace', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => { server.once('listening', resolve) })
  const { port } = server.address() as { port: number }
  // Nobody listens there any more.
  await new Promise(resolve => { server.close(resolve) })
  const env = { BACKEND: 'redis', REDIS_URL: `redis://127.0.0.1:${port}`, PORT: '0' }
  const { code, output } = await runToEnd(SERVER, [], env, /http:\/\/localhost:\d+/)
  t.equal(code, 0)
  t.equal(output.match(/ECONNREFUSED/g)?.length, 1, output)
  t.notMatch(output, /MaxRetries|[Uu]nhandled|[Uu]ncaught/)
})

t.test('a port that is taken is named', async t => {
  const server = createServer().listen(0, 'localhost')
  t.teardown(() => server.close())
  await new Promise(resolve => { server.once('listening', resolve) })
  const { code, output } = await runToEnd(SERVER, [], { PORT: String((server.address() as { port: number }).port) })
  t.equal(code, 1)
  t.match(output, /Port \d+ is taken/)
})

t.test('--help says what can be set', async t => {
  const { code, output } = await runToEnd(SERVER, ['--help'])
  t.equal(code, 0)
  t.match(output, /BACKEND=memory npm start[^]*SESSION_SECRET/)
})
