import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { follow, jar, launch, newVisitor, textOf } from './browser.js'
import { closeAll } from './closing.js'
import { startApp } from './servers.js'

let browser

before(async () => { browser = await launch() })
after(closeAll)

const visits = app => {
  app.get('/visit', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return `visit ${session.visits}`
  })
}

test('a Secure cookie with __Host- works on http://localhost', async () => {
  const port = await startApp({}, visits)
  const page = await newVisitor(browser)
  for (let visit = 1; visit <= 3; visit++) {
    await page.goto(`http://localhost:${port}/visit`)
    assert.equal(await textOf(page), `visit ${visit}`)
  }
  const cookie = (await jar(page)).get('__Host-session')
  assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.path, cookie.sameSite.toLowerCase()], [true, true, '/', 'lax'])
})

test('a large session is split over cookies, shrinks, and goes, in the jar of the browser', async () => {
  const port = await startApp({ cookie: { secure: 'auto', name: 'big' } }, app => {
    app.get('/keep/:length', async ({ params, session }) => {
      session.text = 'x'.repeat(params.length)
      return `kept ${params.length}`
    })
    app.get('/look', async ({ session }) => `length ${session.text?.length ?? 'none'}`)
    app.get('/leave', async ({ session }) => {
      await session.destroy()
      return 'left'
    })
  })
  const page = await newVisitor(browser)
  const go = async path => {
    await page.goto(`http://localhost:${port}${path}`)
    return await textOf(page)
  }
  const names = async () => [...(await jar(page)).keys()].sort()

  await go('/keep/4500')
  assert.deepEqual(await names(), ['big', 'big.1'])
  assert.equal(await go('/look'), 'length 4500')
  await go('/keep/10')
  assert.deepEqual(await names(), ['big'], 'the second part is gone')
  assert.equal(await go('/look'), 'length 10')
  await go('/keep/4500')
  await go('/leave')
  assert.deepEqual(await names(), [])
  assert.equal(await go('/look'), 'length none')
})

// `localhost` and `127.0.0.1` are two sites.
for (const [sameSite, byLink, byForm] of [['lax', 'ann', 'nobody'], ['strict', 'nobody', 'nobody']]) {
  test(`a ${sameSite} cookie: who follows a link of another site is ${byLink}, who sends its form is ${byForm}`, async () => {
    const port = await startApp({ cookie: { secure: 'auto', sameSite } }, app => {
      app.get('/sign-in', async ({ session }) => {
        await session.login('ann')
        return 'signed in'
      })
      const who = async ({ session }) => session.subject ?? 'nobody'
      app.get('/who', who)
      app.post('/who', who)
      app.addContentTypeParser('application/x-www-form-urlencoded', (_request, body, done) => { body.resume().on('end', () => { done(null, {}) }) })
    })
    const other = await startApp(null, app => {
      app.get('/', async (_request, reply) => reply.type('text/html').send(`<!doctype html><title>Another site</title>
        <a href="http://localhost:${port}/who">link</a> <form method="post" action="http://localhost:${port}/who"><button>send</button></form>`))
    })
    const page = await newVisitor(browser)
    await page.goto(`http://localhost:${port}/sign-in`)
    await page.goto(`http://localhost:${port}/who`)
    assert.equal(await textOf(page), 'ann')
    for (const [selector, expected] of [['a', byLink], ['button', byForm]]) {
      await page.goto(`http://127.0.0.1:${other}/`)
      await follow(page, selector)
      assert.equal(await textOf(page), expected, selector)
    }
    await page.goto(`http://localhost:${port}/who`)
    assert.equal(await textOf(page), 'ann', 'the cookie was only not sent')
  })
}
