import t, { type Test } from 'tap'
import { MemoryBackend, type BackendContext, type SessionRecord, type WriteContext } from '../../lib/index.ts'
import { createSite } from '../helpers/app.ts'

interface Told { data: unknown, stored: string, url: string | undefined }

/** Keeps the context of each write. */
class Listening extends MemoryBackend {
  readonly told: Told[] = []

  override bind (context: BackendContext): this {
    const bound = super.bind(context)
    const inner = bound.write.bind(bound)
    const { told } = this
    bound.write = (id: string, record: SessionRecord, expected?: number, context?: WriteContext) => {
      told.push({ data: { ...context?.data }, stored: record.data, url: context?.request?.url })
      return inner(id, record, expected)
    }
    return bound as this
  }

  take (): Told[] { return this.told.splice(0) }
}

async function listening (t: Test) {
  const backend = new Listening()
  const site = await createSite(t, { backend })
  return { backend, site, browser: site.browser() }
}

t.test('each write of a request tells the backend the request and the data it stores', async t => {
  const { backend, browser } = await listening(t)
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(({ session }) => { session.n = 2 })
  t.strictSame(backend.take(), [
    { data: { n: 1 }, stored: '{"n":1}', url: '/' },
    { data: { n: 2 }, stored: '{"n":2}', url: '/' }
  ])
})

t.test('the data of a transaction are those it stores, not those before it', async t => {
  const { backend, browser } = await listening(t)
  await browser.run(({ session }) => session.transaction((data: { n?: number }) => { data.n = 1 }))
  await browser.run(({ session }) => session.transaction((data: { n?: number }) => { data.n = 2 }))
  t.strictSame(backend.take().map(({ data }) => data), [{ n: 1 }, { n: 2 }])
})

t.test('after a conflict the data are the joined ones', async t => {
  const { backend, browser } = await listening(t)
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    session.b = 1
    await browser.copy().run(({ session }) => { session.c = 1 })
  })
  t.strictSame(backend.take().at(-1)?.data, { a: 1, b: 1, c: 1 })
})

t.test('a new id, its tombstone, the end of a session: all of them tell the request', async t => {
  const { backend, browser } = await listening(t)
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(({ session }) => session.login('ada'))
  await browser.run(({ session }) => { session.clear() })
  await browser.run(({ session }) => { session.n = 1 })
  await browser.run(({ session }) => session.destroy())
  const told = backend.take()
  t.equal(told.length, 6)
  t.ok(told.every(({ url }) => url === '/'))
})

t.test('outside a request there is none', async t => {
  const { backend, site } = await listening(t)
  const { id } = await site.app.sessions.create({ n: 1 })
  await site.app.sessions.revoke(id)
  t.strictSame(backend.take().map(({ data, url }) => ({ data, url })), [{ data: { n: 1 }, url: undefined }, { data: {}, url: undefined }])
})
