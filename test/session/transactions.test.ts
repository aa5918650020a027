import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { createSite } from '../helpers/app.ts'

t.test('transaction() resolves to the function\'s result and shows the new data', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    t.equal(await session.transaction((data: any) => ++data.n), 2)
    t.equal(await session.transaction(async (data: any) => ++data.n), 3)
    t.strictSame([session.n, session.isModified], [3, false])
  })
  t.strictSame(await browser.data(), { n: 3 })
})

t.test('transaction() takes pending changes along', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    session.m = 1
    await session.transaction((data: any) => { t.strictSame(data, { n: 1, m: 1 }); data.n = 2 })
  })
  t.strictSame(await browser.data(), { n: 2, m: 1 })
})

t.test('it works on fresh data', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.n = 10 })
    t.equal(session.n, 1)
    t.equal(await session.transaction((data: any) => ++data.n), 11)
  })
})

t.test('it runs again when another process writes meanwhile', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  const id = (await browser.run(({ session }) => { session.n = 1; return session.id })).body
  let runs = 0
  await browser.run(({ session }) => session.transaction(async (data: any) => {
    data.n++
    if (++runs > 2) return
    const stands = await backend.read(id)
    await backend.write(id, { ...stands!, version: runs, data: JSON.stringify({ n: 100 * runs }) })
  }))
  t.equal(runs, 3)
  t.strictSame(await browser.data(), { n: 201 })
})

t.test('counters of twenty parallel requests are exact', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.n = 0 })
  // Every call of the backend waits for a turn of the event loop, so that the requests really overlap.
  for (const operation of ['read', 'write'] as const) backend.before(operation, () => new Promise(resolve => { setImmediate(resolve) }))
  const results = await Promise.all(Array.from({ length: 20 }, () =>
    browser.copy().run(({ session }) => session.transaction((data: any) => ++data.n))))
  t.strictSame(results.map(response => response.json()).sort((a, b) => a - b), Array.from({ length: 20 }, (_, index) => index + 1))
  t.strictSame(await browser.data(), { n: 20 })
})

t.test('a function that throws changes nothing', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    for (const fail of [(data: any) => { data.n = 2; throw new Error('no') }, async (data: any) => { data.n = 2; throw new Error('no') }]) {
      await t.rejects(session.transaction(fail), { message: 'no' })
    }
    t.equal(session.n, 1)
    t.equal(await session.transaction((data: any) => data.n), 1)
  })
  t.strictSame(await browser.data(), { n: 1 })
})

t.test('other operations of the session are refused inside', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    for (const operation of ['save', 'reload', 'regenerate', 'regenerateId', 'destroy', 'transaction']) {
      const nested = session.transaction(async () => { await session[operation](() => {}) })
      if (operation === 'transaction') await t.rejects(nested, { code: 'SES_NOT_SUPPORTED' })
      else await nested
      await t.rejects(session.transaction(async () => { await session[operation]() }), { code: 'SES_NOT_SUPPORTED', message: new RegExp(`${operation}\\(\\)`) })
    }
    await t.rejects(session.transaction(async () => { await session.login('ann') }), { code: 'SES_NOT_SUPPORTED' })
    t.strictSame([session.data(), session.subject], [{ n: 1 }, null])
  })
})

t.test('it needs an atomic backend', async t => {
  const memory = new MemoryBackend()
  class Minimal implements SessionBackend {
    read = (id: string) => memory.read(id)
    write = (id: string | null, record: any) => memory.write(id!, record)
    remove = (id: string) => memory.remove(id)
  }
  for (const [name, backend] of [['CookieBackend', new CookieBackend()], ['Minimal', new Minimal()]] as const) {
    const browser = (await createSite(t, { backend })).browser()
    await browser.run(async ({ session }) => {
      await t.rejects(session.transaction(() => t.fail('it must not run')), { code: 'SES_NOT_SUPPORTED', message: new RegExp(`${name} does not support transaction.*it needs an atomic backend`) })
    })
  }
})

t.test('a transaction whose outcome cannot be learnt is a 503 and is not run again', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  let runs = 0
  const response = await browser.attempt(async ({ session }) => {
    backend.loseAnswer('write').before('write', () => { backend.fail('read') })
    await t.rejects(session.transaction((data: any) => { runs++; data.n++ }), { code: 'SES_BACKEND_UNAVAILABLE', statusCode: 503 })
    backend.heal()
  })
  t.strictSame([response.statusCode, response.headers['retry-after'], runs], [503, '5', 1])
  t.strictSame(await browser.data(), { n: 2 }, 'it was applied once')
})

t.test('on a new session it stores what the function leaves, and nothing if that is nothing', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  const response = await browser.run(({ session }) => session.transaction(() => 'nothing'))
  t.strictSame([response.headers['set-cookie'], await site.app.sessions.count()], [undefined, 0])
  await browser.run(({ session }) => session.transaction((data: any) => { data.n = 1 }))
  t.strictSame(await browser.data(), { n: 1 })
})

t.test('only its result is held against the schema', async t => {
  const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } }
  const browser = (await createSite(t, { backend: 'memory', schema })).browser()
  await browser.run(async ({ session }) => {
    await t.rejects(session.transaction((data: any) => { data.n = 'x' }), { code: 'SES_INVALID_DATA' })
    await t.rejects(session.transaction((data: any) => { Object.defineProperty(data, '__proto__', { value: 1, enumerable: true }) }), { code: 'SES_RESERVED_KEY' })
    await session.transaction((data: any) => { data.n = 1 })
  })
  t.strictSame(await browser.data(), { n: 1 })
})

t.test('a transaction that empties the session removes it', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(({ session }) => session.transaction((data: any) => { delete data.n }))
  t.strictSame([browser.cookies.size, await site.app.sessions.count()], [0, 0])
})

t.test('a transaction on a session that is gone rejects', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => other.session.destroy())
    await t.rejects(session.transaction((data: any) => ++data.n), { code: 'SES_DESTROYED' })
  })
})
