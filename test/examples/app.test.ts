import { createServer } from 'node:net'
import t from 'tap'
import { Browser, runToEnd, start } from '../helpers/running.ts'
import { type ServerName, sharedServer } from '../helpers/servers.ts'

const SERVER = 'examples/app/server.js'

/** What the page "Your devices" lists. */
function devicesIn (page: string): Array<{ id: string, isCurrent: boolean }> {
  const [, list = ''] = /<ul class="lines devices" id="device-list">([^]*?)<\/ul>/.exec(page) ?? []
  return list.split('<li>').slice(1).map(item => ({ id: /value="([^"]+)"/.exec(item)![1]!, isCurrent: item.includes('<strong>this one') }))
}

const servers: Readonly<Record<string, ServerName>> = { redis: 'redis', memcached: 'memcached', postgres: 'postgres', mysql: 'mysql' }

for (const BACKEND of ['cookie', 'memory', 'file', 'sqlite', 'pglite', ...Object.keys(servers)]) {
  t.test(`with the ${BACKEND} backend`, async t => {
    const name = servers[BACKEND]
    const variables = name === undefined ? {} : { [`${name.toUpperCase()}_URL`]: await sharedServer(name) }
    const canListUsers = BACKEND !== 'cookie' && BACKEND !== 'memcached'
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
      t.match(welcome.text, /Green tea <span class="muted">×\u00a01/, 'the basket came along')
      t.not(browser.cookie, before)
      t.notMatch((await browser.get('/')).text, /Welcome/, 'a flash message is shown once')

      await browser.post('/basket', { product: 'tea', action: 'add' })
      t.match((await browser.post('/basket', { product: 'tea', action: 'remove' })).text, /Green tea <span class="muted">×\u00a01/)
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
      t.match((await browser.post('/forget')).text, /The session is destroyed[^]*Nothing is stored|Nothing is stored[^]*The session is destroyed/)
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

    await t.test('the session page says when nothing is stored', async t => {
      const nothing = (await new Browser(address).get('/session')).text
      t.match(nothing, /Nothing is stored/)
      t.notMatch(nothing, /Destroy this session/)
    })

    if (canListUsers) {
      await t.test('two browsers of a user see each other on the page "Your devices", and sign each other out', async t => {
        const [one, two] = [new Browser(address), new Browser(address)]
        t.match((await one.get('/devices')).text, /Nobody is signed in here/)
        for (const browser of [one, two]) await browser.post('/sign-in', { name: 'Dora' })
        const [mine, theirs] = devicesIn((await one.get('/devices')).text)
        t.match([mine, theirs], [{ isCurrent: true }, { isCurrent: false }])
        t.match(devicesIn((await two.get('/devices')).text), [{ id: theirs!.id, isCurrent: true }, { id: mine!.id, isCurrent: false }])
        t.match((await one.post('/devices/end', { id: theirs!.id })).text, /The device is signed out/)
        t.match((await two.get('/')).text, /Not signed in/)
        t.match((await one.post('/devices/end', { id: theirs!.id })).text, /not signed in any more/)

        await two.post('/sign-in', { name: 'Dora' })
        t.match((await one.post('/devices/end-others')).text, /Signed out elsewhere: 1 device\./)
        t.match((await two.get('/')).text, /Not signed in/)
        t.match((await one.post('/devices/end', { id: mine!.id })).text, /You are signed out[^]*Not signed in|Not signed in[^]*You are signed out/)
      })

      await t.test('a device of somebody else is not signed out', async t => {
        const [ivy, jo, nobody] = [new Browser(address), new Browser(address), new Browser(address)]
        await ivy.post('/sign-in', { name: 'Ivy' })
        await jo.post('/sign-in', { name: 'Jo' })
        const { id } = devicesIn((await ivy.get('/devices')).text)[0]!
        for (const browser of [jo, nobody]) t.match((await browser.post('/devices/end', { id })).text, /not signed in any more/)
        t.match((await ivy.get('/')).text, /Signed in as <strong>Ivy/)
      })
    } else {
      await t.test('the page "Your devices" says why there are none', async t => {
        const browser = new Browser(address)
        await browser.post('/sign-in', { name: 'Dora' })
        const { text } = await browser.get('/devices')
        t.match(text, new RegExp(`The ${BACKEND} backend cannot tell`))
        t.match(text, BACKEND === 'cookie' ? /lives in its own cookie/ : /has no list of sessions/)
        t.match((await browser.post('/devices/end-others')).text, /cannot be found here/)
        t.match((await browser.post('/devices/end', { id: 'x' })).text, /not signed in any more/)
      })
    }

    await t.test('fifty requests at once lose nothing where the backend is atomic, and the naive plugin loses nearly all', async t => {
      const { text } = await new Browser(address).post('/break/parallel')
      const kept = [...text.matchAll(/>(\d+ of 50|has none)</g)].map(([, what]) => what)
      t.strictSame(kept.slice(0, 4), BACKEND === 'cookie' ? ['1 of 50', '1 of 50', 'has none', 'has none'] : ['1 of 50', '50 of 50', 'has none', '50 of 50'])
    })

    await t.test('a sign-out holds against a slow request and against a stolen cookie, where the server keeps the session', async t => {
      const browser = new Browser(address)
      const race = (await browser.post('/break/race')).text
      t.match(race, /naive<\/th><td><span class="bad">signed in again/)
      t.match(race, BACKEND === 'cookie' ? /fastsessions<\/th><td><span class="bad">signed in again/ : /fastsessions<\/th><td><span class="good">signed out/)
      const replay = (await browser.post('/break/replay')).text
      t.match(replay, BACKEND === 'cookie' ? /fastsessions<\/th><td><span class="bad">signed in as visitor[^]*with revocation<\/th><td><span class="good">a stranger/ : /fastsessions<\/th><td><span class="good">a stranger/)
    })

    await t.test('a store that stops is a 503, and nobody is signed out', async t => {
      const browser = new Browser(address)
      await browser.post('/sign-in', { name: 'Eve' })
      t.match(await browser.post('/break/stop'), { status: 503, text: /SES_BACKEND_UNAVAILABLE[^]*Start the store again/ })
      t.match(await browser.post('/break/start'), { status: 200, text: /Signed in as <strong>Eve/ })
    })

    await t.test('it shows what the browser and the store hold, the calls of the store, and no whole cookie', async t => {
      const browser = new Browser(address)
      await browser.post('/basket', { product: 'tea', action: 'add' })
      const token = browser.cookie.split('=')[1]!
      const { text } = await browser.get('/break')
      t.notMatch(text, token)
      t.match(text, `session-${BACKEND}=${token.slice(0, 6)}… (`)
      t.match(text, BACKEND === 'cookie' ? /the cookie is the session, sealed/ : /&quot;data&quot;: &quot;{\\&quot;basket/)
      t.match(text, /POST \/basket<\/code><\/th><td>303<\/td><td>\d \(/)
      t.match(text, /(?:created|saved) session/)
    })

    await t.test('another backend is chosen on the page, and the session in the first one stays', async t => {
      const browser = new Browser(address)
      const other = BACKEND === 'memory' ? 'file' : 'memory'
      await browser.post('/sign-in', { name: 'Fay' })
      t.match((await browser.post('/backend', { backend: other })).text, new RegExp(`Not signed in[^]*<option selected>${other}`))
      await browser.post('/sign-in', { name: 'Gus' })
      t.match((await browser.post('/backend', { backend: BACKEND })).text, /Signed in as <strong>Fay/)
      t.match((await browser.post('/backend', { backend: other })).text, /Signed in as <strong>Gus/)
      t.match((await browser.post('/backend', { backend: '__proto__' })).text, /That backend is not here/)
    })

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

t.test('private pages are kept nowhere, and a sign-out empties the cache', async t => {
  const address = await start(t, SERVER, { BACKEND: 'memory' })
  t.equal((await fetch(address)).headers.get('cache-control'), 'private, no-store')
  t.equal((await fetch(new URL('/sign-out', address), { method: 'POST', redirect: 'manual' })).headers.get('clear-site-data'), '"cache"')
})

t.test('events arrive as they happen', async t => {
  const address = await start(t, SERVER, { BACKEND: 'memory' })
  const { body } = await fetch(new URL('/break/events', address))
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  await reader.read()
  await new Browser(address).post('/sign-in', { name: 'Hal' })
  t.match((await reader.read()).value, /^data: [\d:.]+ created \(login\) session \w{8}…\n\n/)
  await reader.cancel()
})

t.test('a page names the line that made it, and shows it', async t => {
  const address = await start(t, SERVER, { BACKEND: 'memory' })
  const [, path, line] = /<a href="(\/source\/[^"]+)#L(\d+)">/.exec((await new Browser(address).get('/')).text)!
  t.match((await new Browser(address).get(path!)).text, `<span id="L${line}">  app.get(&#39;/&#39;, `)
  t.match(await new Browser(address).get('/source/package.json'), { status: 404 })
})

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
