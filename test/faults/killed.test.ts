import t from 'tap'
import { ownServer } from '../helpers/servers.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { visitor } from '../helpers/troubled.ts'

const WRITES = 50
/** Servers that hand data to the system before they answer; the shared servers of the tests take their time. */
const ARGUMENTS: Readonly<Record<string, string[]>> = {
  redis: ['--appendfsync', 'everysec'],
  postgres: [],
  mariadb: ['--innodb-flush-log-at-trx-commit=2'],
  memcached: []
}
/** Whether a killed server loses its sessions, since it keeps them in memory only. */
const isForgetful = (name: string): boolean => name === 'memcached'

for (const [name, args] of Object.entries(ARGUMENTS)) {
  const store = stores[name]!

  t.test(`a server that stands still is a 503 in time, and goes on where it was (${name})`, async t => {
    const server = await ownServer(t, store.server!, ...args)
    const it = await visitor(t, await store.open(t, newSpace(), server.url))
    it.meanwhile = () => { server.freeze() }
    await it.assertUnavailable('/set/a/1')
    it.meanwhile = () => {}
    await Promise.all(Array.from({ length: 12 }, () => it.assertUnavailable('/')))
    server.thaw()
    const { a = 1, ...rest } = await it.recovered()
    t.strictSame([a, rest], [1, { made: 1 }])
    t.equal((await it.go('/set/b/2')).statusCode, 200)
    t.match(await it.data(), { made: 1, b: 2 })
  })

  t.test(`what was acknowledged before kill -9 is there afterwards${isForgetful(name) ? ', but nothing where nothing is kept' : ''} (${name})`, async t => {
    const server = await ownServer(t, store.server!, ...args)
    const it = await visitor(t, await store.open(t, newSpace(), server.url))
    const wanted: Record<string, number> = { made: 1 }
    let isUp = true
    for (let i = 0; i < WRITES && isUp; i++) {
      // The last write is under way when the server dies.
      if (i === WRITES - 1) it.meanwhile = () => server.kill()
      const { statusCode } = await it.go(`/set/k${i}/${i}`)
      isUp = statusCode === 200
      if (isUp) wanted[`k${i}`] = i
    }
    it.meanwhile = () => {}
    t.equal(isUp, false, 'the last one is not acknowledged')
    await it.assertUnavailable('/')
    await server.start()
    const data = await it.recovered()
    if (isForgetful(name)) t.strictSame(data, {}, 'an unknown cookie is no session, and no error')
    else t.match(data, wanted)
    t.equal((await it.go('/set/again/1')).statusCode, 200, 'and everything goes on')
    t.match(await it.recovered(), { again: 1 })
  })
}
