import { EventEmitter } from 'node:events'
import t from 'tap'
import { type Connection, type TrackableClient, Tracking } from '../../lib/backends/redis/tracking.ts'
import { settled } from '../helpers/gate.ts'

/** A connection whose server answers what the test says. */
class FakeConnection extends EventEmitter implements Connection {
  status = 'connecting'
  stream = {
    remoteAddress: 'one',
    remotePort: 6379,
    destroy: () => {
      this.calls.push('destroy')
      this.lose()
    }
  }

  readonly calls: string[] = []
  answer: (command: string) => Promise<unknown> = async () => '7'

  ready (): void {
    this.emit('connect')
    this.status = 'ready'
    this.emit('ready')
  }

  lose (): void {
    this.status = 'reconnecting'
    this.emit('close')
  }

  end (): void {
    this.lose()
    this.status = 'end'
    this.emit('end')
  }

  async call (...args: string[]): Promise<unknown> {
    this.calls.push(args.join(' '))
    return await this.answer(args[0]!)
  }

  async subscribe (channel: string): Promise<unknown> { return await this.call('subscribe', channel) }

  async connect (): Promise<void> {
    this.calls.push('connect')
    throw new Error('nobody is there')
  }

  disconnect (): void { this.calls.push('disconnect') }
}

function bench (prefixes: string[] = ['a:']) {
  const connection = new FakeConnection()
  const client = { status: 'ready', stream: { remoteAddress: 'one', remotePort: 6379 }, options: {}, duplicate: () => connection }
  const told: string[] = []
  const tracking = new Tracking(client as unknown as TrackableClient, prefixes, {
    keys: keys => { told.push(...keys.map(String)) },
    reset: () => { told.push('reset') },
    refused: ({ message }) => { told.push(message) }
  })
  const isLive = (): boolean => tracking.isLive(1_000)
  return { connection, client, told: () => told.splice(0), calls: () => connection.calls.splice(0), tracking, isLive }
}

/** Moves the clock that measures leases, until the end of the test. */
function pass (t: { teardown (end: () => void): void }): (ms: number) => void {
  const { now } = performance
  let passed = 0
  performance.now = () => now.call(performance) + passed
  t.teardown(() => { performance.now = now })
  return ms => { passed += ms }
}

t.test('it tracks anew on each connection, in order, and forgets before it is live', async t => {
  const { connection, told, calls, isLive } = bench(['a:', 'a:b:', 'c:', 'c:'])
  for (let round = 0; round < 2; round++) {
    t.equal(isLive(), false)
    connection.ready()
    t.equal(isLive(), false)
    await settled()
    t.strictSame(calls(), ['client id', 'client tracking on REDIRECT 7 BCAST PREFIX a: PREFIX c:', 'subscribe __redis__:invalidate'])
    t.strictSame([told(), isLive()], [['reset'], true])
    connection.emit('messageBuffer', Buffer.from('__redis__:invalidate'), [Buffer.from('a:1'), Buffer.from('c:2')])
    connection.emit('messageBuffer', Buffer.from('__redis__:invalidate'), null)
    t.strictSame(told(), ['a:1', 'c:2', 'reset'])
    connection.lose()
    t.strictSame([isLive(), told()], [false, []])
  }
})

t.test('a connection that is lost while it begins to track tells nothing', async t => {
  for (const fails of [false, true]) {
    const { connection, told, isLive } = bench()
    connection.answer = async () => {
      await settled()
      if (fails) throw new Error('closed')
    }
    connection.ready()
    connection.lose()
    await settled()
    await settled()
    await settled()
    await settled()
    t.strictSame([told(), isLive()], [[], false])
  }
})

t.test('a connection that is cut while it begins to track was not refused: the next one is live at once', async t => {
  const { connection, told, isLive } = bench()
  connection.answer = async () => { throw new Error('Connection is closed.') }
  connection.ready()
  await settled()
  connection.lose()
  connection.answer = async () => '7'
  connection.ready()
  await settled()
  t.strictSame([told(), isLive()], [['reset'], true])
})

t.test('one that is silent after such a cut is replaced', async t => {
  const advance = pass(t)
  const { connection, calls, isLive } = bench()
  connection.answer = async () => { throw new Error('Connection is closed.') }
  connection.ready()
  await settled()
  t.equal(isLive(), false)
  advance(3_000)
  t.equal(isLive(), false)
  t.ok(calls().includes('destroy'))
})

t.test('further prefixes need a new connection, those that are tracked already do not', async t => {
  const { connection, calls, tracking, isLive } = bench()
  tracking.cover(['a:', 'b:'])
  t.strictSame(calls(), [], 'nothing is tracked yet')
  connection.ready()
  await settled()
  t.match(calls()[1], /PREFIX a: PREFIX b:/)
  tracking.cover(['a:', 'a:x:'])
  t.strictSame([calls(), isLive()], [[], true])
  tracking.cover(['a:', 'c:'])
  t.strictSame([calls(), isLive()], [['destroy'], false])
  connection.ready()
  await settled()
  t.match(calls()[1], /PREFIX a: PREFIX c:/)
})

t.test('one that was refused is tried again after half a minute', async t => {
  const advance = pass(t)
  const { connection, told, calls, isLive } = bench()
  connection.answer = async () => { throw Object.assign(new Error('NOPERM'), { name: 'ReplyError' }) }
  connection.ready()
  await settled()
  t.strictSame([told(), isLive()], [['NOPERM'], false])
  advance(31_000)
  isLive()
  t.notOk(calls().includes('destroy'))
  advance(2_000)
  isLive()
  t.ok(calls().includes('destroy'))
})

t.test('one that does not answer is replaced, and one that has ended begins again', async t => {
  const advance = pass(t)
  const { connection, calls, isLive } = bench()
  connection.ready()
  await settled()
  connection.answer = command => command === 'ping' ? new Promise(() => {}) : Promise.resolve('7')
  advance(600)
  t.equal(isLive(), true)
  t.ok(calls().includes('ping'))
  advance(2_001)
  t.equal(isLive(), false)
  t.strictSame(calls(), ['destroy'])
  connection.end()
  advance(2_001)
  isLive()
  t.strictSame(calls(), ['connect'])
})

t.test('a ping that fails, or is answered on the next connection, proves nothing', async t => {
  const advance = pass(t)
  const { connection, isLive } = bench()
  connection.ready()
  await settled()
  let answer = (): void => {}
  connection.answer = command => command === 'ping' ? new Promise(resolve => { answer = () => { resolve('PONG') } }) : Promise.resolve('7')
  advance(900)
  t.equal(isLive(), true)
  connection.lose()
  connection.ready()
  await settled()
  advance(2_000)
  isLive()
  answer()
  await settled()
  t.equal(isLive(), true, 'the ping of this connection')
  connection.answer = async () => { throw new Error('timed out') }
  advance(900)
  isLive()
  await settled()
  advance(200)
  t.equal(isLive(), false)
})

t.test('a client that has moved to another server is not live, until the connection is there too', async t => {
  const advance = pass(t)
  const { connection, client, calls, isLive } = bench()
  connection.ready()
  await settled()
  t.equal(isLive(), true)
  client.stream = { remoteAddress: 'two', remotePort: 6379 }
  t.equal(isLive(), false)
  calls()
  advance(2_001)
  t.equal(isLive(), false)
  t.strictSame(calls(), ['destroy'])
  connection.stream.remoteAddress = 'two'
  connection.ready()
  await settled()
  t.equal(isLive(), true)
  client.status = 'reconnecting'
  t.equal(isLive(), false, 'where the client goes is not known yet')
})

t.test('a closed one closes its socket, also where it has none yet', async t => {
  const { connection, calls, tracking, isLive } = bench()
  tracking.close()
  t.strictSame(calls(), ['disconnect', 'destroy'])
  connection.ready()
  t.equal(isLive(), false)
  const early = bench()
  Object.assign(early.connection, { stream: undefined })
  early.tracking.close()
  t.strictSame(early.calls(), ['disconnect'])
})
