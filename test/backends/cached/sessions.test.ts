import t from 'tap'
import { CachedBackend } from '../../../lib/cached.ts'
import { MemoryBackend } from '../../../lib/index.ts'
import { FaultyBackend } from '../../../lib/testing/index.ts'
import { createProcess } from '../../helpers/processes.ts'

/** Two processes on one store, each with a cache, and the calls of the first that reach the store. */
async function processes (t: Parameters<typeof createProcess>[0]) {
  const store = new MemoryBackend()
  const inner = new FaultyBackend(store)
  const here = await createProcess(t, new CachedBackend(inner))
  const there = await createProcess(t, new CachedBackend(store))
  const { cookie, id } = await here.app.sessions.create({ n: 1 }, { subject: 'alice' })
  return { here, there, inner, cookie, id, calls: () => inner.calls.splice(0).map(({ operation }) => operation) }
}

t.test('a request whose session is in memory asks no store, and metrics count it', async t => {
  const { here, cookie, calls } = await processes(t)
  const look = () => here.request(cookie, session => session.n)
  await look()
  calls()
  t.match(await look(), { status: 200, body: { result: 1 } })
  t.strictSame(calls(), [])
  t.strictSame(here.app.sessions.metrics().cache, { hits: 1, misses: 1 })
})

t.test('a logout elsewhere is seen at once', async t => {
  const { here, there, cookie } = await processes(t)
  const user = () => here.request(cookie, session => session.subject)
  await user()
  await there.request(cookie, session => session.destroy())
  t.match(await user(), { body: { result: null } })
})

t.test('changes of both are kept, though each began with what it had in memory', async t => {
  const { here, there, inner, cookie } = await processes(t)
  await here.request(cookie, session => session.n)
  inner.mute()
  await there.request(cookie, session => { session.there = true })
  await here.request(cookie, session => { session.here = true })
  t.match(await there.request(cookie, session => session.data()), { body: { result: { n: 1, here: true, there: true } } })
})

t.test('what decides about a change or an ending reads the store, and so does a route with fresh', async t => {
  const { here, cookie, id, calls } = await processes(t)
  here.app.get('/fresh', { config: { session: { fresh: true } } }, async ({ session }) => ({ user: session.subject }))
  here.app.get('/pay', { config: { session: { required: { fresh: '10m' } } } }, async ({ session }) => ({ user: session.subject }))
  await here.request(cookie, session => session.n)
  for (const url of ['/fresh', '/pay']) {
    calls()
    t.match(await here.app.inject({ url, headers: { cookie } }), { statusCode: 200 })
    t.strictSame(calls(), ['read'], url)
  }
  const reading = async (work: () => Promise<unknown>): Promise<string[]> => {
    await here.request(cookie, session => session.n)
    calls()
    await work()
    return calls()
  }
  t.ok((await reading(async () => await here.app.sessions.get(id))).includes('read'), 'get')
  t.ok((await reading(async () => await here.request(cookie, session => session.reload()))).includes('read'), 'reload')
  t.ok((await reading(async () => await here.request(cookie, session => session.transaction((data: any) => { data.n++ })))).includes('read'), 'transaction')
  t.equal((await reading(async () => await here.app.sessions.open(cookie))).length, 0, 'open loads as a request does')
})
