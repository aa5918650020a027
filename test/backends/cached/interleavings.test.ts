import t from 'tap'
import { CachedBackend } from '../../../lib/cached.ts'
import type { SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { contextOf } from '../../helpers/databases.ts'
import { everyOrderOf, type Gate } from '../../helpers/orders.ts'
import { newRecord } from '../../helpers/records.ts'
import { START } from '../../helpers/times.ts'

/*
 * A node with a cache reads and writes a session while others write it, its link to the store is lost, and reports come whenever they
 * come: in every order of what the store does, what it answers and what it reports. Whatever the order:
 * - once all was reported, the node sees what is stored
 * - what the node has written it sees at once, or something newer
 * - while the link is lost nothing comes from memory
 */

const ID = 'a'.repeat(64)
const STEP = { store: 'store', isRead: false }
const session = (version: number): SessionRecord => newRecord({ id: ID, version, data: `{"n":${version}}` }, START)

type Actor = (gate: Gate) => Promise<void>

/** A store that does, answers and reports one thing at a time, when its turn comes. */
function site () {
  const store = { version: 1, isUp: true, reports: 0, listener: (_: string | null) => {}, reads: 0 }
  let gate: Gate = async () => {}
  const apply = (): void => {
    store.version++
    if (store.isUp) store.reports++
  }
  const inner: SessionBackend = {
    atomic: true,
    async read () {
      const turn = gate
      store.reads++
      await turn(STEP)
      const record = session(store.version)
      await turn(STEP)
      return record
    },
    async write (id) {
      const turn = gate
      await turn(STEP)
      apply()
      await turn(STEP)
      return id!
    },
    remove () {},
    watch (listener) {
      store.listener = listener
      return { get isLive () { return store.isUp }, close () {} }
    }
  }
  const node = new CachedBackend(inner).bind(contextOf({ now: () => START }))
  const through = (of: Gate): CachedBackend => {
    gate = of
    return node
  }
  const report = (): void => {
    if (store.reports === 0) return
    store.reports--
    store.listener(ID)
  }
  return { store, apply, through, report }
}

type Site = ReturnType<typeof site>

const makers: Readonly<Record<string, (site: Site, problems: string[]) => Actor>> = {
  reader: ({ through, store }, problems) => async gate => {
    await gate(STEP)
    const reads = store.reads
    const answer = through(gate).read(ID)
    if (!store.isUp && store.reads === reads) problems.push('served from memory while the link was lost')
    await answer
  },
  foreign: ({ apply }) => async gate => {
    await gate(STEP)
    apply()
  },
  own: ({ through, store }, problems) => async gate => {
    await gate(STEP)
    await through(gate).write(ID, session(0))
    const written = store.version
    const seen = await through(gate).read(ID)
    if (seen!.version < written) problems.push(`wrote ${written} and saw ${seen!.version}`)
  },
  reports: ({ report }) => async gate => {
    for (let n = 0; n < 2; n++) {
      await gate(STEP)
      report()
    }
  },
  reconnect: ({ store }) => async gate => {
    await gate(STEP)
    store.isUp = false
    store.reports = 0
    await gate(STEP)
    store.listener(null)
    store.isUp = true
  }
}

for (const names of [
  ['reader', 'reader', 'foreign', 'reports'], ['reader', 'own', 'reports'], ['reader', 'foreign', 'own', 'reports'],
  ['reader', 'foreign', 'reconnect'], ['reader', 'own', 'reconnect'], ['reader', 'reader', 'foreign', 'reconnect'], ['own', 'foreign', 'reconnect']
]) {
  t.test(`no order of ${names.join(', ')} leaves anything stale behind`, async t => {
    const problems: string[] = []
    const orders = await everyOrderOf(() => {
      const one = site()
      return {
        // The session is in the cache when they begin.
        actors: [async () => { await one.through(async () => {}).read(ID) }, ...names.map(name => makers[name]!(one, problems))],
        async check () {
          while (one.store.reports > 0) one.report()
          const seen = await one.through(async () => {}).read(ID)
          if (seen!.version !== one.store.version) problems.push(`${one.store.version} is stored, and ${seen!.version} is seen`)
        }
      }
    })
    t.ok(orders > 10, `${orders} orders`)
    t.strictSame(problems.slice(0, 3), [])
  })
}
