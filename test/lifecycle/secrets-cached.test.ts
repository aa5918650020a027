import t from 'tap'
import { CachedBackend } from '../../lib/cached.ts'
import { MemoryBackend } from '../../lib/index.ts'
import type { BackendContext } from '../../types/index.d.ts'
import { createSite } from '../helpers/app.ts'
import { HOUR_MS } from '../helpers/times.ts'

t.test('a node whose cache has not heard of the latest secret takes nobody for a thief', async t => {
  const memory = new MemoryBackend()
  // Reports nothing, so that the cache goes by `maxAge`.
  const store = Object.assign(Object.create(memory) as MemoryBackend, {
    watch: undefined as never,
    bind: (context: BackendContext) => Object.defineProperty(memory.bind(context), 'watch', { value: undefined })
  })
  const create = async () => await createSite(t, { backend: new CachedBackend(store, { maxAge: '1d' }), renewSecretEvery: '1h' })
  const [here, elsewhere] = [await create(), await create()]
  const move = (ms: number): void => { here.clock.now = elsewhere.clock.now = here.clock.now + ms }
  const browser = here.browser()
  const far = elsewhere.browser()
  const follow = (): void => { far.take(browser) }
  await browser.run(({ session }) => { session.user = 'ada' })
  follow()
  t.strictSame(await far.data(), { user: 'ada' }, 'cached')
  for (let renewal = 0; renewal < 8; renewal++) {
    move(HOUR_MS)
    await browser.data()
    await browser.data()
  }
  follow()
  t.strictSame(await far.data(), { user: 'ada' })
  t.notOk(here.events.some(({ type }) => type === 'theft'))
})
