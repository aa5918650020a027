import t from 'tap'
import { MemoryBackend } from '../../../lib/index.ts'
import { MigratingBackend } from '../../../lib/migrate.ts'
import { FaultyBackend } from '../../../lib/testing/index.ts'
import { MinimalBackend } from '../../helpers/minimal-backend.ts'
import { newStore, nodeOf } from '../../helpers/migrations.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { START } from '../../helpers/times.ts'

t.test('who watches a move hears of both stores, on nodes of both steps', async t => {
  for (const step of [1, 2] as const) {
    const [old, next] = [newStore(), newStore()]
    const node = nodeOf(step, old, next)
    const heard = new Set<string | null>()
    const watch = node.watch!(id => { heard.add(id) })
    const [staying, moving] = [newRecord({}, START), newRecord({}, START)]
    for (const record of [staying, moving]) await nodeOf(1, old, next).write(record.id, record, 0)
    await nodeOf(2, old, next).write(moving.id, nextOf(moving), moving.version)
    heard.clear()
    await nodeOf(1, old, next).remove(staying.id)
    await nodeOf(2, old, next).remove(moving.id)
    t.ok(heard.has(staying.id) && heard.has(moving.id), `step ${step}`)
    t.strictSame([watch.isLive, watch.reportsOnlyEndings], [true, false])
    await watch.close()
    t.equal(watch.isLive, false)
  }
})

t.test('the watch of a move is live while those of both stores are, and reports what both report', async t => {
  const [old, next] = [new FaultyBackend(newStore()), new FaultyBackend(newStore())]
  for (const backend of [old, next]) Object.defineProperty(backend, 'bind', { value: undefined })
  const watch = nodeOf(2, old, next).watch!(() => {})
  for (const backend of [old, next]) {
    backend.mute()
    t.equal(watch.isLive, false)
    backend.heal()
    t.equal(watch.isLive, true)
  }
  const reporting = Object.assign(newStore(), { watch: () => ({ isLive: true, reportsOnlyEndings: true, close () {} }) })
  t.equal(new MigratingBackend(newStore(), { also: reporting }).watch!(() => {}).reportsOnlyEndings, true)
})

t.test('a move is watched where both stores are, and has no cache inside', async t => {
  t.equal(new MigratingBackend(new MemoryBackend(), { also: new MinimalBackend() }).watch, undefined)
  const cached = Object.assign(new MemoryBackend(), { readFresh: () => null })
  for (const make of [() => new MigratingBackend(cached, { also: new MemoryBackend() }), () => new MigratingBackend(new MemoryBackend(), { from: cached })]) {
    t.throws(make, { code: 'SES_INVALID_OPTIONS', message: /without a cache.*in front/ })
  }
})
