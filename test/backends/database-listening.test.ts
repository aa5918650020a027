import { EventEmitter } from 'node:events'
import t from 'tap'
import { listenerOf } from '../../lib/backends/database/listener.ts'
import type { ListeningPool } from '../../lib/backends/database/listen-connection.ts'
import { News } from '../../lib/backends/database/news.ts'
import { settled } from '../helpers/gate.ts'
import { newRecord } from '../helpers/records.ts'
import { until } from '../helpers/watching.ts'

/** A pool whose server answers what the test says, and passes notices on at once. */
function bench () {
  const calls: string[] = []
  const clients: FakeClient[] = []
  const faults = { connect: false, listen: false, query: false, isDeaf: false }
  class FakeClient extends EventEmitter {
    readonly connection = { stream: { destroy: () => { calls.push('destroy') }, unref: () => { calls.push('unref') } } }
    constructor () {
      super()
      clients.push(this)
    }

    async connect (): Promise<void> {
      calls.push('connect')
      if (faults.connect) throw new Error('nobody is there')
    }

    async query (text: string): Promise<void> {
      calls.push(text.split(' ')[0]!)
      if (faults.listen) throw new Error('the connection is lost')
    }

    async end (): Promise<void> {
      calls.push('end')
      throw new Error('it has ended already')
    }
  }
  const pool = {
    Client: FakeClient,
    options: {},
    async query ({ values: [channel, payload] }: { values: [string, string] }) {
      calls.push('notify')
      if (faults.query) throw new Error('the pool is empty')
      if (!faults.isDeaf) clients.at(-1)!.emit('notification', { channel, payload })
      return { rows: [], rowCount: 1 }
    }
  }
  const heard: Array<string | null> = []
  const listener = listenerOf(pool as unknown as ListeningPool)
  return { pool, listener, faults, clients, heard, calls: () => calls.splice(0), watch: (channel = 'a') => listener.watch(channel, id => { heard.push(id) }) }
}

t.test('a pool has one listener, which tells what it hears, and forgets before it is live', async t => {
  const { pool, listener, clients, heard, calls, watch } = bench()
  t.equal(listenerOf(pool as never), listener)
  const one = watch()
  t.equal(one.isLive, false)
  await settled()
  t.strictSame([one.isLive, heard.splice(0), calls()], [true, [null], ['connect', 'listen', 'listen', 'notify']])
  const { id } = newRecord()
  for (const payload of [id, '', undefined, 'text']) clients[0]!.emit('notification', { channel: 'a', payload })
  clients[0]!.emit('notification', { channel: 'b', payload: id })
  t.strictSame(heard.splice(0), [id, null, null, null])
  await one.close()
  t.strictSame(calls(), ['unlisten', 'end', 'unref'])
  clients[0]!.emit('notification', { channel: 'a', payload: id })
  clients[0]!.emit('error', new Error('late'))
  t.strictSame([heard, calls(), one.isLive], [[], [], false])
})

t.test('a further channel is listened to on the same connection, and left by itself', async t => {
  const { faults, calls, watch } = bench()
  const one = watch()
  await settled()
  calls()
  const [two, again] = [watch('b'), watch('a')]
  t.strictSame([two.isLive, again.isLive], [false, true])
  await settled()
  t.strictSame([two.isLive, calls()], [true, ['listen']])
  faults.listen = true
  await two.close()
  await settled()
  t.strictSame([one.isLive, calls()], [true, ['unlisten']], 'what fails to be left does no harm')
  await one.close()
  t.strictSame(calls(), [], 'somebody else listens there')
  await again.close()
})

t.test('a connection that fails in any way is made anew', async t => {
  for (const fault of ['connect', 'listen', 'error', 'end'] as const) {
    const { faults, clients, heard, watch } = bench()
    if (fault === 'connect' || fault === 'listen') faults[fault] = true
    const one = watch()
    await settled()
    if (fault === 'error' || fault === 'end') clients[0]!.emit(fault, new Error('lost'))
    t.equal(one.isLive, false, fault)
    Object.assign(faults, { connect: false, listen: false })
    heard.length = 0
    await until(() => one.isLive, 'not made anew')
    t.strictSame([clients.length, heard], [2, [null]], fault)
    await one.close()
  }
})

t.test('a further channel that cannot be listened to is a connection to replace', async t => {
  const { faults, clients, watch } = bench()
  const one = watch()
  await settled()
  faults.listen = true
  const two = watch('b')
  await settled()
  t.strictSame([one.isLive, two.isLive], [false, false])
  faults.listen = false
  await until(() => one.isLive && two.isLive, 'not made anew')
  t.equal(clients.length, 2)
  await one.close()
  await two.close()
})

t.test('without an answer of its own it is not live, and is replaced after two seconds', async t => {
  const { faults, clients, calls, watch } = bench()
  faults.isDeaf = true
  const one = watch()
  await settled()
  t.equal(one.isLive, false)
  const { now } = performance
  performance.now = () => now.call(performance) + 2_100
  t.teardown(() => { performance.now = now })
  t.equal(one.isLive, false)
  t.ok(calls().includes('destroy'))
  performance.now = now
  faults.isDeaf = false
  faults.query = true
  await until(() => clients.length > 1, 'not replaced')
  await settled()
  t.equal(one.isLive, false, 'the question did not reach the server')
  await one.close()
})

t.test('a watch that is closed while its connection begins hears nothing of it', async t => {
  const { heard, calls, watch } = bench()
  const one = watch()
  await one.close()
  await settled()
  t.notOk(calls().includes('notify'))
  t.strictSame(heard, [])
})

t.test('changes are told where somebody listens, together with those that come meanwhile, and what fails is nobody\'s', async t => {
  const { pool, listener, faults } = bench()
  const told: string[][] = []
  const query = pool.query
  pool.query = async config => {
    if (!Array.isArray(config.values[1])) return await query(config)
    told.push(config.values[1] as unknown as string[])
    await settled()
    if (faults.query) throw new Error('lost')
    return { rows: [], rowCount: 1 }
  }
  const news = new News(pool as never, 'sessions', 'session')
  t.equal(news.canListen, true)
  news.tellChange('nobody listens')
  const one = news.watch(() => {}, undefined)
  t.equal(listener.has(news.channel), true)
  for (const id of ['a', 'b', 'b', 'c']) news.tellChange(id)
  await settled()
  await settled()
  await settled()
  t.strictSame(told.splice(0), [['a'], ['b', 'c']])
  faults.query = true
  news.tellChange('d')
  await settled()
  await settled()
  faults.query = false
  news.tellChange('e')
  await settled()
  await settled()
  t.strictSame(told, [['d'], ['e']])
  await one.close()
})
