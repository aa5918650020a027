import t from 'tap'
import { ownProxy, type Proxy } from '../helpers/proxy.ts'
import { sharedServer } from '../helpers/servers.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { visitor } from '../helpers/troubled.ts'

const troubles: Readonly<Record<string, (proxy: Proxy) => void>> = {
  'says nothing any more': proxy => { proxy.faults.isSilent = true },
  'refuses connections': proxy => {
    proxy.faults.isRefusing = true
    proxy.cut()
  },
  'answers too late': proxy => { proxy.faults.delayMs = 2_000 }
}
const servers = Object.entries(stores).filter(([, { server }]) => server !== null)

for (const [name, store] of servers) {
  for (const [trouble, begin] of Object.entries(troubles)) {
    t.test(`a server that ${trouble} is a 503 in time, and found again (${name})`, async t => {
      const proxy = await ownProxy(t, await sharedServer(store.server!))
      const it = await visitor(t, await store.open(t, newSpace(), proxy.url))

      it.meanwhile = () => { begin(proxy) }
      await it.assertUnavailable('/set/a/1')
      it.meanwhile = () => {}
      await it.assertUnavailable('/')
      await it.assertUnavailable('/set/b/1')
      const anonymous = await it.go('/anonymous')
      t.strictSame([anonymous.statusCode, anonymous.json(), anonymous.headers['set-cookie']], [200, { lost: 1 }, undefined])
      // Enough for the application to stop asking each time.
      await Promise.all(Array.from({ length: 10 }, () => it.assertUnavailable('/')))

      proxy.heal()
      const { a = 1, ...rest } = await it.recovered()
      t.strictSame([a, rest], [1, { made: 1 }], 'the write whose answer was lost is there or not; the others never were')
      await it.changed('/set/c/3')
      t.match(await it.recovered(), { made: 1, c: 3 })
    })
  }
}
