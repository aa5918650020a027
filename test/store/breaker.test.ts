import t, { type Test } from 'tap'
import { Breaker, type BreakerState } from '../../lib/store/breaker.ts'
import { Breakers } from '../../lib/store/breakers.ts'
import { BackendCalls } from '../../lib/store/calls.ts'
import { BackendUnavailableError, CookieBackend, MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { collectEvents, createSite } from '../helpers/app.ts'
import { settled } from '../helpers/gate.ts'

/** A breaker whose server answers as `server.isUp` says, and whose pauses pass when the test says. */
function breaker (t: Test) {
  const server = { isUp: false, questions: 0 }
  const pauses: number[] = []
  let wake: (() => void) | undefined
  t.intercept(globalThis, 'setTimeout', { value: (then: () => void, ms: number) => { pauses.push(ms); wake = then; return { unref: () => ({}) } } })
  const states: BreakerState[] = []
  const it = new Breaker(() => { server.questions++; return server.isUp }, state => { states.push(state) })
  t.teardown(() => { it.close() })
  return { it, server, states, pauses, fail: (times: number) => { for (let i = 0; i < times; i++) it.fail() }, pass: () => { wake!() } }
}

t.test('from the start it admits calls, and asks nothing until the fifth failure in a row', async t => {
  const { it, states, server, fail } = breaker(t)
  t.equal(it.admits, true)
  fail(4)
  it.succeed()
  fail(4)
  t.strictSame([it.admits, server.questions, states], [true, 0, []])
  fail(1)
  t.strictSame([it.admits, server.questions, states], [false, 1, ['open']])
})

t.test('it stays closed where the server answers: the failures were about sessions', async t => {
  const { it, server, states, fail } = breaker(t)
  server.isUp = true
  fail(14)
  t.strictSame([it.admits, server.questions, states], [true, 2, []])
})

t.test('it asks again after pauses that double up to a second, and closes at the first answer', async t => {
  const { it, server, states, pauses, fail, pass } = breaker(t)
  fail(5)
  for (let i = 0; i < 5; i++) pass()
  t.strictSame([it.admits, pauses], [false, [100, 200, 400, 800, 1_000, 1_000]])
  server.isUp = true
  pass()
  t.strictSame([it.admits, states], [true, ['open', 'closed']])
  server.isUp = false
  fail(5)
  t.equal(pauses.at(-1), 100, 'and the next pause is short again')
})

t.test('calls that were under way when it opened neither open it again nor close it', async t => {
  const { it, server, states, fail } = breaker(t)
  fail(9)
  it.succeed()
  t.strictSame([it.admits, server.questions, states], [false, 1, ['open']])
})

/** A breaker whose questions are answered by the test. */
function asking (t: Test) {
  const answers: Array<(isUp: boolean) => void> = []
  const states: BreakerState[] = []
  const it = new Breaker(() => new Promise<boolean>(resolve => { answers.push(resolve) }), state => { states.push(state) })
  t.teardown(() => { it.close() })
  return { it, states, answers, fail: (times: number) => { for (let i = 0; i < times; i++) it.fail() } }
}

t.test('calls go on while the question is under way, which is asked once', async t => {
  const { it, answers, states, fail } = asking(t)
  fail(9)
  t.strictSame([it.admits, answers.length], [true, 1])
  answers[0]!(false)
  await settled()
  t.strictSame([it.admits, states], [false, ['open']])
})

t.test('a call that succeeds while the question is under way is an answer too', async t => {
  const { it, answers, states, fail } = asking(t)
  fail(5)
  it.succeed()
  answers[0]!(false)
  await settled()
  t.strictSame([it.admits, states], [true, []])
})

t.test('an answer after the application has closed changes nothing, and leaves no timer', async t => {
  const { it, answers, states, fail } = asking(t)
  fail(5)
  it.close()
  answers[0]!(false)
  await settled()
  t.strictSame([it.admits, states], [true, []])
})

/** Three servers, told apart by the first digit of an id. */
function fleet (t: Test, limitMs = 1_000) {
  const down = new Set<string>()
  const memory = new MemoryBackend()
  const serverOf = (id: string) => `server ${parseInt(id[0]!, 16) % 3}`
  const backend: SessionBackend = {
    read: id => { if (down.has(serverOf(id))) throw new Error('ECONNREFUSED'); return memory.read(id) },
    write: (id, record, version) => memory.write(id!, record, version),
    remove: id => memory.remove(id),
    serverOf
  }
  const states: string[] = []
  const it = new Breakers(new BackendCalls(backend, 'session', 'FleetBackend'), limitMs, (state, server) => { states.push(`${server} ${state}`) })
  t.teardown(() => { it.close() })
  return { it, backend, down, states, fail: (id: string) => { for (let i = 0; i < 5; i++) it.of(id)!.fail() } }
}

t.test('each server of a fleet has a breaker of its own', async t => {
  const { it, down, states, fail } = fleet(t)
  down.add('server 1')
  for (const id of ['0a', '1a', '2a']) fail(id)
  t.strictSame(['0a', '1a', '2a', '4b', '5b'].map(id => it.of(id)!.admits), [true, false, true, false, true])
  t.strictSame(states, ['server 1 open'])
  t.equal(it.of(null), null, 'a call for the whole fleet depends on no single server')
})

t.test('the log says which server of a fleet is down, and its sessions alone fail fast', async t => {
  const { backend, down } = fleet(t)
  const site = await createSite(t, { backend })
  const browsers = Array.from({ length: 9 }, () => site.browser())
  for (const browser of browsers) await browser.run(({ session }) => { session.a = 1 })
  for (const server of [0, 1, 2]) down.add(`server ${server}`)
  for (const browser of [...browsers, ...browsers, ...browsers, ...browsers, ...browsers]) await browser.attempt(({ session }) => session.a)
  t.match(site.warnings()[0], /is down/)
  t.match(site.warnings().join(), /Object, server server \d, is down: sessions fail fast/)
})

t.test('a server that has left the fleet is asked nothing, and closes', async t => {
  const { it, backend, down } = fleet(t)
  down.add('server 1')
  const answers = ['server 1']
  backend.serverOf = () => answers.pop() ?? 'server 0'
  const leaving = it.of('1a')!
  for (let i = 0; i < 5; i++) leaving.fail()
  t.equal(leaving.admits, true)
})

t.test('a backend that names no server for an id has a breaker for all such ids, and servers without end are forgotten', async t => {
  const { it, backend } = fleet(t)
  backend.serverOf = () => null
  t.equal(it.of('a'), it.of('b'))
  backend.serverOf = id => id
  const first = it.of('0')
  for (let i = 1; i <= 1_000; i++) it.of(String(i))
  t.not(it.of('0'), first)
})

t.test('a session in its cookie depends on no server', async t => {
  const it = new Breakers(new BackendCalls(new CookieBackend(), 'session', 'CookieBackend'), 1_000, () => {})
  t.equal(it.of('a'), null)
})

t.test('requests fail fast while the backend is down, and go on by themselves when it is up', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  const events = collectEvents(t)
  backend.fail('read')
  const visit = () => browser.attempt(({ session }) => session.n)
  for (let i = 0; i < 5; i++) t.equal((await visit()).statusCode, 503)
  const asked = backend.calls.length
  const response = await visit()
  t.match(response, { statusCode: 503, headers: { 'retry-after': '5' } })
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(backend.calls.length, asked, 'the backend is not asked')
  t.match(site.warnings(), [/FaultyBackend is down/])
  backend.heal()
  let last = response
  while (last.statusCode === 503) {
    await settled()
    last = await visit()
  }
  t.equal(last.body, '1')
  const states = events.filter(({ type, reason }) => type === 'recovered' || (type === 'unavailable' && reason !== 'load'))
  t.match(states, [{ type: 'unavailable', reason: 'open' }, { type: 'recovered', reason: 'closed' }])
})

/** What a hostile client can make fail for the client's own session: others are served, however often it happens. */
const failures: Readonly<Record<string, (id: string) => (call: { id?: string | null }) => void>> = {
  'an item which the store refuses': hostile => ({ id }) => { if (id === hostile) throw new Error('SERVER_ERROR object too large for cache') },
  'an item which the store cannot read': hostile => ({ id }) => { if (id === hostile) throw new SyntaxError('Unexpected token') },
  'an item which a newer version stored': hostile => ({ id }) => { if (id === hostile) throw new BackendUnavailableError('newer') }
}
for (const [name, failure] of Object.entries(failures)) {
  for (const operation of ['read', 'write'] as const) {
    t.test(`${name} is no sign of an outage at ${operation}`, async t => {
      const backend = new FaultyBackend(new MemoryBackend())
      const site = await createSite(t, { backend })
      const [browser, other] = [site.browser(), site.browser()]
      for (const it of [browser, other]) await it.run(({ session }) => { session.n = 1 })
      const { body: id } = await other.run(({ session }) => session.id)
      backend.before(operation, failure(id))
      let n = 1
      for (let i = 0; i < 12; i++) t.equal((await other.attempt(({ session }) => { session.n = ++n })).statusCode, 503)
      t.strictSame(await browser.data(), { n: 1 })
      t.strictSame(site.warnings().filter(text => /down/.test(text)), [])
    })
  }
}

t.test('slow transactions of a client, and commits which wait behind them, are no sign of an outage', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, timeout: 0.02 })
  const [browser, other] = [site.browser(), site.browser()]
  for (const it of [browser, other]) await it.run(({ session }) => { session.n = 1 })
  const slow = () => other.attempt(({ session }) => session.transaction(() => new Promise(() => {})))
  const waiting = await Promise.all(Array.from({ length: 12 }, slow))
  t.ok(waiting.every(({ statusCode }) => statusCode === 503))
  t.strictSame(await browser.data(), { n: 1 })
  t.strictSame(site.warnings().filter(text => /down/.test(text)), [])
})

t.test('calls that never answer are failures, and so is a question without an answer', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, timeout: 0.02 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  backend.hang('read')
  const events = collectEvents(t)
  await Promise.all(Array.from({ length: 5 }, () => browser.attempt(() => {})))
  while (!events.some(({ reason }) => reason === 'open')) await new Promise(resolve => { setImmediate(resolve) })
  t.match(site.warnings(), [/is down/])
})
