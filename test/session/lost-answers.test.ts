import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { type Job } from '../helpers/browser.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

/** A signed-in browser of a site whose backend can lose answers. */
async function visit (test: Test, inner = new MemoryBackend()) {
  const backend = new FaultyBackend(inner)
  const site = await createSite(test, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ada', { n: 1 }))
  // A second process, with the same store and the same cookie: commits in the same process would wait for each other.
  const other = (await createSite(test, { backend: inner })).browser()
  for (const [key, value] of browser.cookies) other.cookies.set(key, value)
  return { backend, site, browser, other }
}

/** Until the next read, each write is applied and its answer is lost. */
function loseOne (backend: FaultyBackend): void {
  backend.loseAnswer('write').before('write', () => { backend.before('read', () => { backend.heal() }) })
}

/** Until the next read, each write is lost before it reaches the store. */
function loseCall (backend: FaultyBackend): void {
  backend.before('write', () => {
    backend.before('read', () => { backend.heal() })
    throw new Error('lost')
  })
}

const jobs: Readonly<Record<string, Job>> = {
  'a change': ({ session }) => { session.n = 2 },
  'a save': async ({ session }) => { session.n = 2; await session.save() },
  'a transaction': ({ session }) => session.transaction((data: any) => { data.n++ }),
  'a login': ({ session }) => session.login('bob', { n: 2 }),
  'a new id': async ({ session }) => { session.n = 2; await session.regenerateId() }
}

for (const [name, job] of Object.entries(jobs)) {
  t.test(`${name} whose answer was lost stands, and is not made twice`, async t => {
    const { backend, browser, site } = await visit(t)
    const response = await browser.attempt(async (request, reply) => {
      loseOne(backend)
      await job(request, reply)
    })
    t.equal(response.statusCode, 200)
    t.match(await browser.data(), { n: 2 })
    t.equal(await site.app.sessions.count(), 1)
  })

  t.test(`${name} that was lost on its way is a 503, and nothing has changed`, async t => {
    const { backend, browser, site } = await visit(t)
    const response = await browser.attempt(async (request, reply) => {
      loseCall(backend)
      await job(request, reply)
    })
    t.strictSame([response.statusCode, response.headers['set-cookie']], [503, undefined])
    t.match(await browser.data(), { n: 1 })
    t.equal(await site.app.sessions.count(), 1)
  })
}

t.test('a session whose creation had no answer is there once', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  loseOne(backend)
  await browser.run(({ session }) => { session.n = 1 })
  t.strictSame([await browser.data(), await site.app.sessions.count()], [{ n: 1 }, 1])
})

t.test('a logout whose answer was lost is one', async t => {
  const { backend, browser, site } = await visit(t)
  const response = await browser.attempt(({ session }) => {
    loseOne(backend)
    return session.destroy()
  })
  t.strictSame([response.statusCode, await site.app.sessions.count()], [200, 0])
})

t.test('what others wrote since is kept, and the change is made on top of it', async t => {
  const { backend, site, browser, other } = await visit(t)
  const response = await browser.attempt(({ session }) => {
    backend.loseAnswer('write').before('read', async () => {
      backend.heal()
      await other.run(({ session }) => { session.other = true })
    })
    session.n = 2
  })
  t.equal(response.statusCode, 200)
  t.strictSame(await browser.data(), { n: 2, other: true })
  t.equal(await site.app.sessions.count(), 1)
})

t.test('a transaction that others have written over since has an unknown outcome: it says so, and is not run again', async t => {
  const { backend, browser, other } = await visit(t)
  let runs = 0
  const response = await browser.attempt(async ({ session }) => {
    backend.loseAnswer('write').before('write', () => {
      backend.before('read', async () => {
        backend.heal()
        await other.run(({ session }) => { session.other = true })
      })
    })
    await session.transaction((data: any) => { runs++; data.n++ })
  })
  t.strictSame([response.statusCode, response.json().code, runs], [503, 'SES_BACKEND_UNAVAILABLE', 1])
  t.strictSame(await browser.data(), { n: 2, other: true }, 'here it was applied')
})

t.test('where nothing can be read either, it is a 503', async t => {
  const { backend, browser } = await visit(t)
  const response = await browser.attempt(({ session }) => {
    backend.fail('write').fail('read')
    session.n = 2
  })
  backend.heal()
  t.strictSame([response.statusCode, await browser.data()], [503, { n: 1 }])
})

t.test('a backend without compare-and-set cannot be asked whose write stands', async t => {
  const backend = new FaultyBackend(new MinimalBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  const response = await browser.attempt(({ session }) => {
    backend.loseAnswer('write')
    session.n = 2
  })
  t.equal(response.statusCode, 503)
})
