import t, { type Test } from 'tap'
import { ownProxy, type Proxy } from '../helpers/proxy.ts'
import { seededRandom } from '../helpers/seeded-random.ts'
import { sharedServer } from '../helpers/servers.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { type Visitor, visitor } from '../helpers/troubled.ts'

const ROUNDS = 30
const servers = Object.entries(stores).filter(([, { server }]) => server !== null)

async function visitOf (t: Test, name: string): Promise<{ proxy: Proxy, it: Visitor }> {
  const proxy = await ownProxy(t, await sharedServer(stores[name]!.server!))
  return { proxy, it: await visitor(t, await stores[name]!.open(t, newSpace(), proxy.url)) }
}

for (const [name] of servers) {
  for (const when of ['before', 'after'] as const) {
    t.test(`a write whose connection is cut ${when} it is done is stored whole, or not at all (${name})`, async t => {
      const { proxy, it } = await visitOf(t, name)
      it.meanwhile = () => { proxy.cutNext(when) }
      const { statusCode, headers } = await it.go('/set/a/7')
      it.meanwhile = () => {}
      t.ok(statusCode === 200 || statusCode === 503, String(statusCode))
      t.equal(headers['set-cookie'], undefined)
      const { a, ...rest } = await it.recovered()
      t.strictSame(rest, { made: 1 })
      if (statusCode === 200) t.equal(a, 7, 'what was acknowledged is there')
      else t.ok(a === undefined || a === 7, 'whole or not at all')
    })

    t.test(`a logout whose connection is cut ${when} it is done is one, or says that it is not (${name})`, async t => {
      const { proxy, it } = await visitOf(t, name)
      it.meanwhile = () => { proxy.cutNext(when) }
      const cookie = it.cookie
      const { statusCode } = await it.go('/leave')
      it.meanwhile = () => {}
      t.ok(statusCode === 200 || statusCode === 503, String(statusCode))
      await it.recovered()
      const data = (await it.app.inject({ url: '/', headers: { cookie, host: 'localhost' } })).json()
      if (statusCode === 200) t.strictSame(data, {}, 'the session has ended')
    })
  }

  t.test(`transactions over a line that breaks again and again count once, or say that they may not have (${name})`, async t => {
    const { proxy, it } = await visitOf(t, name)
    const seed = Math.floor(Math.random() * 1e6)
    const random = seededRandom(seed)
    let [done, unknown] = [0, 0]
    for (let round = 0; round < ROUNDS; round++) {
      const trouble = random()
      it.meanwhile = () => {
        if (trouble < 0.3) proxy.cutNext('after')
        else if (trouble < 0.5) proxy.cutNext('before')
        else if (trouble < 0.6) proxy.cut()
      }
      const { statusCode } = await it.go('/add')
      if (statusCode === 200) done++
      else if (statusCode === 503) unknown++
      else t.fail(`it was answered with ${statusCode}, seed ${seed}`)
      it.meanwhile = () => {}
      await it.recovered()
    }
    const { count = 0 } = await it.recovered()
    t.ok(count >= done && count <= done + unknown, `${done} done, ${unknown} unknown, ${count} counted, seed ${seed}`)
    t.ok(done >= ROUNDS / 4, 'those without trouble at least are done')
    t.comment(`${name}: ${done} done, ${unknown} unknown, ${count} counted`)
  })
}
